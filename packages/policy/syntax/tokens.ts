import type { PolicyVersion } from "../model/document.ts";

/** `*`: any text, also none. */
export const anyText = -1;
/** `?`: one character. */
export const oneCharacter = -2;

/** A piece of a pattern: the code of a character, a wildcard, or a policy variable as `printVariable` gives it. */
export type Token = number | string;

/** A policy variable: a condition key, and what stands in for it where the request does not have it. */
export interface PolicyVariable {
  /** Lower-cased. */
  readonly key: string;
  readonly fallback?: string;
}

/** A text without it has neither variables nor escapes. */
export const opening = `\${`;

const star = 42;
const question = 63;
const dollar = 36;

/**
 * Takes a value apart into characters, wildcards and policy variables (IAM User Guide: policy variables).
 * Only documents of version 2012-10-17 have variables; elsewhere `${…}` is plain text.
 */
export function parseTokens(text: string, version: PolicyVersion | undefined, wildcards = true): Token[] {
  const tokens: Token[] = [];
  const variables = version === "2012-10-17";
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (wildcards && code === star) {
      // Stars in a row mean no more than one.
      if (tokens.at(-1) !== anyText) tokens.push(anyText);
    } else if (wildcards && code === question) {
      tokens.push(oneCharacter);
    } else if (variables && code === dollar && text.charCodeAt(at + 1) === 123) {
      const end = findClosing(text, at);
      const token = end < 0 ? undefined : parseVariableToken(text.slice(at + 2, end));
      tokens.push(token ?? dollar);
      if (token !== undefined) at = end;
    } else {
      tokens.push(code);
    }
  }
  return tokens;
}

// Longer is no key that IAM has, with any text to stand in for it.
const longestVariable = 1024;

function findClosing(text: string, at: number): number {
  const end = text.slice(at, at + longestVariable).indexOf("}");
  return end < 0 ? -1 : at + end;
}

function parseVariableToken(inside: string): Token | undefined {
  if (inside === "*" || inside === "?" || inside === "$") return inside.charCodeAt(0);
  const comma = inside.indexOf(",");
  const key = (comma < 0 ? inside : inside.slice(0, comma)).trim().toLowerCase();
  if (key === "" || key.includes("${")) return undefined;
  if (comma < 0) return printVariable({ key });
  const fallback = inside.slice(comma + 1).trim();
  if (fallback.length < 2 || !fallback.startsWith("'") || !fallback.endsWith("'")) return undefined;
  return printVariable({ key, fallback: fallback.slice(1, -1) });
}

/** The one spelling of a pattern as it stands in a document: equal texts mean equal patterns. */
export function canonicalPattern(text: string, version: PolicyVersion | undefined, wildcards = true): string {
  const isSpelled = !text.includes("$") && (wildcards ? !text.includes("**") : !/[*?]/.test(text));
  return isSpelled ? text : printTokens(parseTokens(text, version, wildcards));
}

/** A variable as one text, as it would stand in a policy. */
function printVariable({ key, fallback }: PolicyVariable): string {
  return fallback === undefined ? `\${${key}}` : `\${${key},'${fallback}'}`;
}

/** Takes a variable's text, as `printVariable` gives it, apart again. */
export function readVariable(text: string): PolicyVariable {
  const inside = text.slice(2, -1);
  const comma = inside.indexOf(",");
  if (comma < 0) return { key: inside };
  return { key: inside.slice(0, comma), fallback: inside.slice(comma + 2, -1) };
}

/** The one spelling of a pattern, as version 2012-10-17 would write it: equal texts mean equal patterns. */
export function printTokens(tokens: readonly Token[]): string {
  return tokens
    .map((token, index) => {
      if (typeof token === "string") return token;
      if (token === anyText) return "*";
      if (token === oneCharacter) return "?";
      if (token === star || token === question) return `\${${String.fromCharCode(token)}}`;
      if (token === dollar && tokens[index + 1] === 123) return `\${$}`;
      return String.fromCharCode(token);
    })
    .join("");
}

/** A text with its ASCII letters in lower case; of other letters AWS does not say how they fold. */
export function foldText(text: string): string {
  const isPlain = !/[^\0-\x7f]/.test(text);
  return isPlain ? text.toLowerCase() : text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
