import { noteWork } from "../support/step-budget.ts";
import {
  anyText,
  oneCharacter,
  parseTokens,
  printTokens,
  type Token,
  variableStart,
} from "../syntax/tokens.ts";

/** A token: `*` within one segment of an ARN, any text without a colon. */
export const anyInSegment = -3;
/** A token: `?` within one segment of an ARN, one character that is no colon. */
export const oneInSegment = -4;

/** The fixed ends of a pattern, or of one segment of it: the text that every match begins with, and the text that it ends with. */
export interface Ends {
  readonly head: string;
  readonly tail: string;
  /** No wildcard or variable: `head` is the whole text and `tail` is empty. */
  readonly exact: boolean;
}

/** A pattern compiled for comparison. It stands for the set of texts that it matches. */
export interface Pattern {
  /** As in the document. */
  readonly written: string;
  /** In canonical spelling. Patterns of one kind with equal texts are equal. */
  readonly text: string;
  readonly tokens: readonly Token[];
  readonly ignoreCase: boolean;
  /** The only text that the pattern matches, if there is only one. */
  readonly literal: string | undefined;
  /** One for each of the six segments of an ARN; otherwise a single one. */
  readonly ends: readonly Ends[];
  readonly hasVariables: boolean;
}

/** The code of the character between the segments of an ARN. */
export const colon = 58;

/** Compiles a pattern of whole texts (actions, condition values) from its canonical spelling. */
export function compileText(text: string, written: string, ignoreCase = false): Pattern {
  return makePattern({ text, written, ignoreCase }, [text], ([tokens = []]) => tokens);
}

/**
 * Compiles a pattern that matches ARNs segment by segment. If it has fewer than six segments, the missing ones match
 * anything if it ends in `*`; otherwise they are empty.
 */
export function compileArn(text: string, written: string): Pattern {
  return makePattern({ text, written, ignoreCase: false }, splitArn(text), joinSegments);
}

function isVariable(token: Token): boolean {
  return typeof token === "string";
}

function splitArn(text: string): readonly string[] {
  const segments = [""];
  // The colons in a variable's key do not separate segments.
  for (const piece of text.split(/(:|\$\{[^}]*\})/)) {
    if (piece === ":" && segments.length < 6) segments.push("");
    else segments.push(segments.pop() + piece);
  }
  while (segments.length < 6) segments.push(text.endsWith("*") ? "*" : "");
  return segments;
}

function joinSegments(segments: readonly (readonly Token[])[]): readonly Token[] {
  return segments.flatMap((segment, index) =>
    index === 5 ? segment : [...segment.map(confineToSegment), colon],
  );
}

function confineToSegment(token: Token): Token {
  if (token === anyText) return anyInSegment;
  return token === oneCharacter ? oneInSegment : token;
}

function makePattern(
  spelling: Pick<Pattern, "text" | "written" | "ignoreCase">,
  segments: readonly string[],
  join: (segments: readonly (readonly Token[])[]) => readonly Token[],
): Pattern {
  const parse = (segment: string) => parseTokens(segment, "2012-10-17");
  const ends = segments.map((segment) =>
    segment.includes(variableStart) ? findEnds(parse(segment)) : readEnds(segment),
  );
  const exact = !spelling.ignoreCase && ends.every((end) => end.exact);
  // For most patterns the ends are enough: tokens are parsed at first use.
  let tokens: readonly Token[] | undefined;
  return {
    ...spelling,
    literal: exact ? ends.map(({ head }) => head).join(":") : undefined,
    ends,
    hasVariables: spelling.text.includes(variableStart) && segments.flatMap(parse).some(isVariable),
    get tokens() {
      tokens ??= join(segments.map(parse));
      return tokens;
    },
  };
}

/** The ends of a pattern without variables. */
function readEnds(text: string): Ends {
  const first = text.search(/[*?]/);
  if (first < 0) return { head: text, tail: "", exact: true };
  const last = Math.max(text.lastIndexOf("*"), text.lastIndexOf("?"));
  return { head: text.slice(0, first), tail: text.slice(last + 1), exact: false };
}

function findEnds(tokens: readonly Token[]): Ends {
  const isFixed = (token: Token | undefined) => typeof token === "number" && token >= 0;
  let first = 0;
  while (first < tokens.length && isFixed(tokens[first])) first++;
  let last = tokens.length;
  while (last > first && isFixed(tokens[last - 1])) last--;
  return {
    head: printFixed(tokens.slice(0, first)),
    tail: printFixed(tokens.slice(last)),
    exact: first === tokens.length,
  };
}

function printFixed(tokens: readonly Token[]): string {
  return tokens.map((token) => (typeof token === "number" ? String.fromCharCode(token) : "")).join("");
}

/**
 * Replaces a pattern's variables by values. Returns undefined if a variable has no value, or if a value would put a
 * colon into one of an ARN's first five segments: such a pattern matches nothing.
 */
export function substituteVariables(
  pattern: Pattern,
  findValue: (variable: string) => string | undefined,
): Pattern | undefined {
  if (!pattern.hasVariables) return pattern;
  // The result is parsed and compiled anew: per character, more than a match takes.
  noteWork(2 * pattern.text.length);
  const replaced: Token[] = [];
  let segment = 0;
  for (const token of parseTokens(pattern.text, "2012-10-17")) {
    if (token === colon) segment++;
    if (typeof token === "number") {
      replaced.push(token);
      continue;
    }
    const value = findValue(token);
    if (value === undefined || (isArn(pattern) && segment < 5 && value.includes(":"))) return undefined;
    for (let at = 0; at < value.length; at++) replaced.push(value.charCodeAt(at));
  }
  const text = printTokens(replaced);
  return isArn(pattern)
    ? compileArn(text, pattern.written)
    : compileText(text, pattern.written, pattern.ignoreCase);
}

/** Whether a pattern matches ARNs. */
export function isArn({ ends }: Pattern): boolean {
  return ends.length === 6;
}

/** Lower-cases the code of an ASCII letter. AWS does not document how it folds other letters. */
export function foldCode(code: number): number {
  return code >= 65 && code <= 90 ? code + 32 : code;
}

/** Swaps the case of the code of an ASCII letter. Other codes are returned as they are. */
export function swapCase(code: number): number {
  const lower = foldCode(code);
  if (lower !== code) return lower;
  return code >= 97 && code <= 122 ? code - 32 : code;
}
