import type { ComparisonOptions, Side, UndecidedReason } from "../model/comparison.ts";
import type { PolicyDocument, PolicyInput } from "../model/document.ts";
import { PolicySyntaxError } from "../model/syntax-error.ts";
import { parsePolicy } from "../syntax/parse.ts";
import { type CompiledStatement, compileDocument } from "./statement.ts";

/** A side made ready for comparing. */
export interface CompiledSide {
  readonly documents: readonly PolicyDocument[];
  readonly statements: readonly CompiledStatement[];
  readonly allows: readonly CompiledStatement[];
  readonly denies: readonly CompiledStatement[];
  /** What could not be read; the rest of the side is without it. */
  readonly reasons: readonly UndecidedReason[];
}

/** Reads one side, or what is no side (a boundary); what cannot be read is told, not thrown. */
export function compileSide(
  input: PolicyInput,
  side: Side | undefined,
  options: ComparisonOptions,
): CompiledSide {
  const inputs = isList(input) ? input : [input];
  const documents: PolicyDocument[] = [];
  const statements: CompiledStatement[] = [];
  const reasons: UndecidedReason[] = [];
  let length = 0;
  for (const [index, one] of inputs.entries()) {
    length += typeof one === "string" ? one.length : 0;
    const document =
      length > longestSide
        ? new PolicySyntaxError(`with it the side has more than ${longestSide} characters`, "$")
        : readDocument(one);
    if (document instanceof PolicySyntaxError) {
      reasons.push({
        code: "syntax",
        message: document.message,
        ...(side && { side }),
        path: document.path,
        statements: [],
      });
      // The others keep their numbers.
      documents.push({ statements: [] });
      continue;
    }
    documents.push(document);
    for (const statement of recallStatements(document, index, options.partition ?? "aws")) {
      const message = refuseKind(statement, options.kind);
      if (message === undefined) statements.push(statement);
      else {
        const path = `$.Statement[${statement.index}]`;
        reasons.push({ code: "syntax", message, ...(side && { side }), path, statements: [] });
      }
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

// Four times as much as the longest of AWS's own documents; a comparison must not need more memory than it has.
const longestSide = 600_000;

function isList(input: PolicyInput): input is readonly (PolicyDocument | string)[] {
  return Array.isArray(input);
}

function refuseKind(
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

// The same managed documents stand on thousands of roles: they are read once. A memory of texts, not of answers.
const memory = new Map<string, PolicyDocument | PolicySyntaxError>();
const compiled = new WeakMap<PolicyDocument, Map<string, readonly CompiledStatement[]>>();
const mostCharacters = 1_000_000;
const longestKept = 200_000;
let characters = 0;

function readDocument(input: PolicyDocument | string): PolicyDocument | PolicySyntaxError {
  if (typeof input !== "string") return input;
  const known = memory.get(input);
  if (known !== undefined) return known;
  const document = parseOrTell(input);
  // No document of IAM's is as long; what was made up is not kept.
  if (input.length > longestKept) return document;
  memory.set(input, document);
  characters += input.length;
  // The oldest are forgotten first.
  for (const text of memory.keys()) {
    if (characters <= mostCharacters) break;
    memory.delete(text);
    characters -= text.length;
  }
  return document;
}

function parseOrTell(text: string): PolicyDocument | PolicySyntaxError {
  try {
    return parsePolicy(text);
  } catch (error) {
    if (error instanceof PolicySyntaxError) return error;
    throw error;
  }
}

function recallStatements(
  document: PolicyDocument,
  number: number,
  partition: string,
): readonly CompiledStatement[] {
  const places = compiled.get(document) ?? new Map<string, readonly CompiledStatement[]>();
  compiled.set(document, places);
  const place = `${number} ${partition}`;
  const known = places.get(place) ?? compileDocument(document, number, partition);
  places.set(place, known);
  return known;
}
