/**
 * Parsed and compiled documents are kept, because the same managed policies are attached to thousands of roles.
 *
 * Like the index of patterns and the table of operators, it is state that outlives a call, and no result depends on it:
 * parsing and compiling are pure and charge no steps, so a kept document equals a new one. At most `maxCharacters` of text
 * are kept.
 */
import type { PolicyDocument, PolicySource } from "../model/document.ts";
import { PolicySyntaxError } from "../model/syntax-error.ts";
import { isParsed, parsePolicy, stringify } from "../syntax/parse.ts";
import { type CompiledStatement, compileDocument } from "./statement.ts";

const parsed = new Map<string, PolicyDocument | PolicySyntaxError>();
const compiled = new WeakMap<PolicyDocument, Map<string, readonly CompiledStatement[]>>();
const maxCharacters = 1_000_000;
// No document of IAM is longer.
const maxCharactersOfDocument = 200_000;
let characters = 0;

/** Returns the document in a text, or the error that says why the text is none. */
export function readDocument(text: string): PolicyDocument | PolicySyntaxError {
  const known = parsed.get(text);
  if (known) return known;
  const document = orSyntaxError(() => parsePolicy(text));
  if (text.length > maxCharactersOfDocument) return document;
  parsed.set(text, document);
  characters += text.length;
  // A Map yields its oldest entry first.
  for (const oldest of parsed.keys()) {
    if (characters <= maxCharacters) break;
    parsed.delete(oldest);
    characters -= oldest.length;
  }
  return document;
}

/** Returns the text of an object, or the error that says why it has none. Texts and documents are returned as they are. */
export function toText(source: PolicySource): PolicyDocument | string | PolicySyntaxError {
  return typeof source === "string" || isParsed(source) ? source : orSyntaxError(() => stringify(source));
}

function orSyntaxError<Value>(read: () => Value): Value | PolicySyntaxError {
  try {
    return read();
  } catch (error) {
    if (error instanceof PolicySyntaxError) return error;
    throw error;
  }
}

/** Returns the compiled statements of a document that is the one with this number, from 0, in its side. */
export function compileStatements(
  document: PolicyDocument,
  number: number,
  partition: string,
): readonly CompiledStatement[] {
  const known = compiled.get(document) ?? new Map<string, readonly CompiledStatement[]>();
  compiled.set(document, known);
  const key = `${number} ${partition}`;
  const statements = known.get(key) ?? compileDocument(document, number, partition);
  known.set(key, statements);
  return statements;
}
