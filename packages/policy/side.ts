import type { PlacedStatement } from "./cell.ts";
import type { ComparisonOptions, Side, UndecidedReason } from "./comparison.ts";
import type { PolicyDocument, PolicyInput } from "./document.ts";
import { parsePolicy } from "./parse.ts";
import { type CompiledStatement, compileDocument } from "./statement.ts";
import { PolicySyntaxError } from "./syntax-error.ts";

/** A side made ready for comparing. */
export interface CompiledSide {
  readonly documents: readonly PolicyDocument[];
  readonly allows: readonly PlacedStatement[];
  readonly denies: readonly PlacedStatement[];
  /** What could not be read. */
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
  const statements: PlacedStatement[] = [];
  const reasons: UndecidedReason[] = [];
  for (const [index, one] of inputs.entries()) {
    const document = readDocument(one);
    if (document instanceof PolicySyntaxError) {
      reasons.push({
        code: "syntax",
        message: document.message,
        ...(side && { side }),
        path: document.path,
        statements: [],
      });
      continue;
    }
    documents.push(document);
    for (const statement of recallStatements(document, options.partition ?? "aws")) {
      statements.push({ document: index, statement });
      const reason = refuseKind(statement, options.kind);
      if (reason !== undefined) {
        reasons.push({
          ...reason,
          ...(side && { side }),
          path: `$.Statement[${statement.index}]`,
          statements: [],
        });
      }
    }
  }
  return {
    documents,
    allows: statements.filter(({ statement }) => statement.source.effect === "Allow"),
    denies: statements.filter(({ statement }) => statement.source.effect === "Deny"),
    reasons,
  };
}

function isList(input: PolicyInput): input is readonly (PolicyDocument | string)[] {
  return Array.isArray(input);
}

function refuseKind(
  { source: { principals, resources } }: CompiledStatement,
  kind: ComparisonOptions["kind"],
): { code: "syntax"; message: string } | undefined {
  if (kind === "identity" && principals !== undefined) {
    return { code: "syntax", message: "A statement of an identity policy has no Principal." };
  }
  if (kind === "trust" && (principals === undefined || resources !== undefined)) {
    return { code: "syntax", message: "A statement of a trust policy has a Principal and no Resource." };
  }
  return undefined;
}

// The same managed documents stand on thousands of roles: they are read once. A memory of texts, not of answers.
const memory = new Map<string, PolicyDocument | PolicySyntaxError>();
const compiled = new WeakMap<PolicyDocument, Map<string, readonly CompiledStatement[]>>();
const mostCharacters = 1_000_000;
let characters = 0;

function readDocument(input: PolicyDocument | string): PolicyDocument | PolicySyntaxError {
  if (typeof input !== "string") return input;
  const known = memory.get(input);
  if (known !== undefined) return known;
  const document = parseOrTell(input);
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

function recallStatements(document: PolicyDocument, partition: string): readonly CompiledStatement[] {
  const partitions = compiled.get(document) ?? new Map<string, readonly CompiledStatement[]>();
  compiled.set(document, partitions);
  const known = partitions.get(partition) ?? compileDocument(document, partition);
  partitions.set(partition, known);
  return known;
}
