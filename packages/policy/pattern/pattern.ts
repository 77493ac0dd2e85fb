import { noteWork } from "../support/step-budget.ts";
import { anyText, oneCharacter, opening, parseTokens, printTokens, type Token } from "../syntax/tokens.ts";

/** `*` within one segment of an ARN: any text without a colon. */
export const anyInSegment = -3;
/** `?` within one segment of an ARN. */
export const oneInSegment = -4;

/** The fixed ends of a stretch of a pattern: what every text that matches it begins and ends with. */
export interface Ends {
  readonly head: string;
  readonly tail: string;
  /** No wildcard or variable between them: `head` is the whole text. */
  readonly exact: boolean;
}

/** A pattern made ready for comparing: the set of texts that it matches. */
export interface Pattern {
  /** As it stands in the document. */
  readonly written: string;
  /** In canonical spelling: equal texts of one kind mean equal sets. */
  readonly text: string;
  readonly tokens: readonly Token[];
  readonly ignoreCase: boolean;
  /** The text, where the pattern matches no other. */
  readonly literal: string | undefined;
  /** One for each segment of an ARN; otherwise a single one. */
  readonly ends: readonly Ends[];
  readonly hasVariables: boolean;
}

/** The code of the character between the segments of an ARN. */
export const colon = 58;

/** Makes a pattern that matches whole texts (actions, condition values) from its canonical spelling. */
export function compileText(text: string, written: string, ignoreCase = false): Pattern {
  return makePattern({ text, written, ignoreCase }, [text], ([tokens = []]) => tokens);
}

/**
 * Makes a pattern that matches ARNs segment by segment. Fewer than six segments that end in `*` stand for every ARN
 * that starts so; otherwise the segments that are lacking are empty.
 */
export function compileArn(text: string, written: string): Pattern {
  return makePattern({ text, written, ignoreCase: false }, splitArn(text), joinSegments);
}

function isVariable(token: Token): boolean {
  return typeof token === "string";
}

function splitArn(text: string): readonly string[] {
  const segments = [""];
  // The colons of a variable's key part nothing.
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
  const layOut = (segment: string) => parseTokens(segment, "2012-10-17");
  const ends = segments.map((segment) =>
    segment.includes(opening) ? findEnds(layOut(segment)) : readEnds(segment),
  );
  const exact = !spelling.ignoreCase && ends.every((end) => end.exact);
  // Of most patterns the ends say enough: their tokens are laid out when they are asked for.
  let tokens: readonly Token[] | undefined;
  return {
    ...spelling,
    literal: exact ? ends.map(({ head }) => head).join(":") : undefined,
    ends,
    hasVariables: spelling.text.includes(opening) && segments.flatMap(layOut).some(isVariable),
    get tokens() {
      tokens ??= join(segments.map(layOut));
      return tokens;
    },
  };
}

/** The ends of a text without variables. */
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
 * Puts values in the place of a pattern's variables. Undefined where one has no value, or where an ARN would get a
 * colon within a segment: such a pattern matches nothing.
 */
export function substituteVariables(
  pattern: Pattern,
  findValue: (variable: string) => string | undefined,
): Pattern | undefined {
  if (!pattern.hasVariables) return pattern;
  noteWork(pattern.text.length);
  const filled: Token[] = [];
  let segment = 0;
  for (const token of parseTokens(pattern.text, "2012-10-17")) {
    if (token === colon) segment++;
    if (typeof token === "number") {
      filled.push(token);
      continue;
    }
    const value = findValue(token);
    if (value === undefined || (isArn(pattern) && segment < 5 && value.includes(":"))) return undefined;
    for (let at = 0; at < value.length; at++) filled.push(value.charCodeAt(at));
  }
  const text = printTokens(filled);
  return isArn(pattern)
    ? compileArn(text, pattern.written)
    : compileText(text, pattern.written, pattern.ignoreCase);
}

/** Whether a pattern is one of ARNs. */
export function isArn({ ends }: Pattern): boolean {
  return ends.length === 6;
}

/** The code of an ASCII letter in lower case; of other letters AWS does not say how they fold. */
export function foldCode(code: number): number {
  return code >= 65 && code <= 90 ? code + 32 : code;
}

/** The code of an ASCII letter in the other case; any other code as it is. */
export function swapCase(code: number): number {
  const lower = foldCode(code);
  if (lower !== code) return lower;
  return code >= 97 && code <= 122 ? code - 32 : code;
}
