import type { PolicyVersion } from "../model/document.ts";

/** `*`: any text, also the empty one. */
export const anyText = -1;
/** `?`: one character. */
export const oneCharacter = -2;

/** A token of a pattern: the code of a character, `anyText`, `oneCharacter`, or a policy variable as text (`${key}`). */
export type Token = number | string;

/** A policy variable: a condition key, and the default for requests without the key. */
export interface PolicyVariable {
  /** Lower-cased. */
  readonly key: string;
  readonly fallback?: string;
}

/** The start of a policy variable or an escape such as `${*}`; a text without it has neither. */
export const variableStart = `\${`;

const star = 42;
const question = 63;
const dollar = 36;

/**
 * Splits a text into characters, wildcards and policy variables (IAM User Guide, "Policy variables"). Without
 * `wildcards`, `*` and `?` are characters. Only version 2012-10-17 has variables; in others `${…}` is plain text.
 */
export function parseTokens(text: string, version: PolicyVersion | undefined, wildcards = true): Token[] {
  const tokens: Token[] = [];
  const variables = version === "2012-10-17";
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (wildcards && code === star) {
      // Several stars in a row are the same as one.
      if (tokens.at(-1) !== anyText) tokens.push(anyText);
    } else if (wildcards && code === question) {
      tokens.push(oneCharacter);
    } else if (variables && code === dollar && text.charCodeAt(at + 1) === 123) {
      const end = findVariableEnd(text, at);
      const token = end < 0 ? undefined : parseVariableToken(text.slice(at + 2, end));
      tokens.push(token ?? dollar);
      if (token !== undefined) at = end;
    } else {
      tokens.push(code);
    }
  }
  return tokens;
}

// Bounds the search for the closing brace. No key of IAM is as long, with any default.
const maxVariableLength = 1024;

function findVariableEnd(text: string, at: number): number {
  const end = text.slice(at, at + maxVariableLength).indexOf("}");
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

/** Returns the canonical spelling of a pattern: patterns of equal spelling are equal. */
export function canonicalPattern(text: string, version: PolicyVersion | undefined, wildcards = true): string {
  const isCanonical = !text.includes("$") && (wildcards ? !text.includes("**") : !/[*?]/.test(text));
  return isCanonical ? text : printTokens(parseTokens(text, version, wildcards));
}

/** Prints a variable as a policy would have it. */
function printVariable({ key, fallback }: PolicyVariable): string {
  return fallback === undefined ? `\${${key}}` : `\${${key},'${fallback}'}`;
}

/** Parses the text of a variable token. */
export function readVariable(text: string): PolicyVariable {
  const inside = text.slice(2, -1);
  const comma = inside.indexOf(",");
  if (comma < 0) return { key: inside };
  return { key: inside.slice(0, comma), fallback: inside.slice(comma + 2, -1) };
}

/** Prints tokens as a pattern of version 2012-10-17. */
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

/** Lower-cases the ASCII letters of a text. AWS does not document how it folds other letters. */
export function foldText(text: string): string {
  const isPlain = !/[^\0-\x7f]/.test(text);
  return isPlain ? text.toLowerCase() : text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
