import type { ComparisonOptions, Side, UndecidedReason } from "../model/comparison.ts";
import { type PolicyDocument, type PolicyInput, type PolicySource, parsed } from "../model/document.ts";
import { PolicySyntaxError } from "../model/syntax-error.ts";
import { compileStatements, readDocument, toText } from "./document-cache.ts";
import type { SideStatements } from "./question.ts";
import type { CompiledStatement } from "./statement.ts";

/** A side of a comparison, or a boundary, parsed for comparison. */
export interface CompiledSide extends SideStatements {
  /** One for each document of the input; one that could not be read is empty. */
  readonly documents: readonly PolicyDocument[];
  /** All statements, in the order of the documents; those that could not be read are left out. */
  readonly statements: readonly CompiledStatement[];
  /** Why documents or statements could not be read. */
  readonly reasons: readonly UndecidedReason[];
}

// Four times the longest document of AWS. It bounds the memory that a comparison needs.
const maxCharactersOfSide = 600_000;

/** Reads a side, or a boundary, for which `side` is undefined. Reports what it cannot read in `reasons`. */
export function compileSide(
  input: PolicyInput,
  side: Side | undefined,
  options: ComparisonOptions,
): CompiledSide {
  const inputs = isList(input) ? input : [input];
  const documents: PolicyDocument[] = [];
  const statements: CompiledStatement[] = [];
  const reasons: UndecidedReason[] = [];
  const refuse = (message: string, path: string) =>
    reasons.push({ code: "syntax", message, ...(side && { side }), path, statements: [] });
  let length = 0;
  for (const [index, source] of inputs.entries()) {
    const one = toText(source);
    length += typeof one === "string" ? one.length : 0;
    const document =
      length > maxCharactersOfSide
        ? new PolicySyntaxError(`with it the side has more than ${maxCharactersOfSide} characters`, "$")
        : typeof one === "string"
          ? readDocument(one)
          : one;
    if (document instanceof PolicySyntaxError) {
      refuse(document.message, document.path);
      // The documents after it keep their numbers.
      documents.push({ [parsed]: true, statements: [] });
      continue;
    }
    documents.push(document);
    for (const statement of compileStatements(document, index, options.partition ?? "aws")) {
      const message = checkKind(statement, options.kind);
      if (message === undefined) statements.push(statement);
      else refuse(message, `$.Statement[${statement.index}]`);
    }
  }
  return {
    documents,
    statements,
    allows: statements.filter(({ source }) => source.effect === "Allow"),
    denies: statements.filter(({ source }) => source.effect === "Deny"),
    reasons,
  };
}

function isList(input: PolicyInput): input is readonly PolicySource[] {
  return Array.isArray(input);
}

/** Returns why a statement is not one of the kind of policy; undefined if it is. */
function checkKind(
  { source: { principals, resources } }: CompiledStatement,
  kind: ComparisonOptions["kind"],
): string | undefined {
  if (kind === "identity" && principals !== undefined) {
    return "A statement of an identity policy has no Principal.";
  }
  if (kind === "trust" && (principals === undefined || resources !== undefined)) {
    return "A statement of a trust policy has a Principal and no Resource.";
  }
  return undefined;
}
