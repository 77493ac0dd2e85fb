import { anyText, oneCharacter, parseTemplate, printTemplate, type Token } from "./template.ts";

/** `*` within one segment of an ARN: any text without a colon. */
export const anyInSegment = -3;
/** `?` within one segment of an ARN. */
export const oneInSegment = -4;

/** The fixed ends of a stretch of a pattern: what every text that matches it begins and ends with. */
interface Ends {
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

const colon = 58;

/** Makes a pattern that matches whole texts (actions, condition values) from its canonical spelling. */
export function compileText(text: string, written: string, ignoreCase = false): Pattern {
  const tokens = parseTemplate(text, "2012-10-17");
  return makePattern(text, written, tokens, [findEnds(tokens)], ignoreCase);
}

/**
 * Makes a pattern that matches ARNs segment by segment. Fewer than six segments that end in `*` stand for every ARN
 * that starts so; otherwise the segments that are lacking are empty.
 */
export function compileArn(text: string, written: string): Pattern {
  const parsed = parseTemplate(text, "2012-10-17");
  const segments: Token[][] = [[]];
  for (const token of parsed) {
    if (token === colon && segments.length < 6) segments.push([]);
    else segments.at(-1)?.push(token);
  }
  const open = parsed.at(-1) === anyText;
  while (segments.length < 6) segments.push(open ? [anyText] : []);
  const tokens = segments.flatMap((segment, index) =>
    index === 5 ? segment : [...segment.map(confineToSegment), colon],
  );
  return makePattern(text, written, tokens, segments.map(findEnds), false);
}

function confineToSegment(token: Token): Token {
  if (token === anyText) return anyInSegment;
  return token === oneCharacter ? oneInSegment : token;
}

function makePattern(
  text: string,
  written: string,
  tokens: readonly Token[],
  ends: readonly Ends[],
  ignoreCase: boolean,
): Pattern {
  const exact = ends.every((end) => end.exact);
  return {
    written,
    text,
    tokens,
    ignoreCase,
    literal: exact && !ignoreCase ? ends.map(({ head }) => head).join(":") : undefined,
    ends,
    hasVariables: tokens.some((token) => typeof token === "string"),
  };
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
export function fillPattern(
  pattern: Pattern,
  findValue: (variable: string) => string | undefined,
): Pattern | undefined {
  if (!pattern.hasVariables) return pattern;
  const filled: Token[] = [];
  let segment = 0;
  for (const token of parseTemplate(pattern.text, "2012-10-17")) {
    if (token === colon) segment++;
    if (typeof token === "number") {
      filled.push(token);
      continue;
    }
    const value = findValue(token);
    if (value === undefined || (isArn(pattern) && segment < 5 && value.includes(":"))) return undefined;
    for (let at = 0; at < value.length; at++) filled.push(value.charCodeAt(at));
  }
  const text = printTemplate(filled);
  return isArn(pattern)
    ? compileArn(text, pattern.written)
    : compileText(text, pattern.written, pattern.ignoreCase);
}

function isArn({ ends }: Pattern): boolean {
  return ends.length === 6;
}

/** Whether two patterns can be told apart by their fixed ends; false says nothing. */
export function areDisjoint(one: Pattern, other: Pattern): boolean {
  if (one.ignoreCase || other.ignoreCase || isArn(one) !== isArn(other)) return false;
  return one.ends.some((end, index) => {
    const counterpart = other.ends[index];
    return counterpart !== undefined && endsDiffer(end, counterpart);
  });
}

function endsDiffer(one: Ends, other: Ends): boolean {
  if (one.exact && other.exact) return one.head !== other.head;
  if (one.exact) return !fits(one.head, other);
  if (other.exact) return !fits(other.head, one);
  return (
    !(one.head.startsWith(other.head) || other.head.startsWith(one.head)) ||
    !(one.tail.endsWith(other.tail) || other.tail.endsWith(one.tail))
  );
}

function fits(text: string, { head, tail }: Ends): boolean {
  return text.length >= head.length + tail.length && text.startsWith(head) && text.endsWith(tail);
}

/** More is no pattern that anybody wrote, but one that was made to keep a matcher busy. */
const mostSteps = 50_000;

/**
 * Whether `wide` matches whatever `narrow` matches, told by form alone: a wildcard of `narrow` is one symbol that only
 * a wildcard of `wide` may eat, a variable one that the same variable may eat too. True is certain, false is not.
 */
export function coversPattern(wide: Pattern, narrow: Pattern): boolean {
  const isSameKind = isArn(wide) === isArn(narrow) && wide.ignoreCase === narrow.ignoreCase;
  if (isSameKind && wide.text === narrow.text) return true;
  if (wide.literal !== undefined) return false;
  if (areDisjoint(wide, narrow)) return false;
  const [over, under] = [wide.tokens, narrow.tokens];
  let at = 0;
  let place = 0;
  let star = -1;
  let starPlace = 0;
  for (let step = 0; place < under.length; step++) {
    const symbol = under[place];
    if (symbol === undefined || step > mostSteps) return false;
    const token = over[at];
    if (token === anyText || token === anyInSegment) {
      star = at++;
      starPlace = place;
    } else if (token !== undefined && eatsOne(token, symbol, wide.ignoreCase, narrow.ignoreCase)) {
      at++;
      place++;
    } else if (star >= 0 && eatsAny(over[star], under[starPlace])) {
      at = star + 1;
      place = ++starPlace;
    } else {
      return false;
    }
  }
  while (over[at] === anyText || over[at] === anyInSegment) at++;
  return at === over.length;
}

function eatsAny(star: Token | undefined, symbol: Token | undefined): boolean {
  if (star === anyText) return true;
  return symbol !== colon && symbol !== anyText && symbol !== oneCharacter;
}

function eatsOne(token: Token, symbol: Token, folds: boolean, symbolFolds: boolean): boolean {
  if (token === oneCharacter || token === oneInSegment) {
    if (typeof symbol === "string" || symbol === anyText || symbol === anyInSegment) return false;
    return token === oneCharacter || (symbol !== colon && symbol !== oneCharacter);
  }
  if (typeof token === "string" || typeof symbol === "string") return token === symbol;
  if (symbol < 0) return false;
  if (folds) return foldCode(token) === foldCode(symbol);
  return token === symbol && !(symbolFolds && swapsCase(symbol));
}

/** The lower-case code of a character, where that is one character. */
export function foldCode(code: number): number {
  const lower = String.fromCharCode(code).toLowerCase();
  return lower.length === 1 ? lower.charCodeAt(0) : code;
}

function swapsCase(code: number): boolean {
  const char = String.fromCharCode(code);
  return char.toLowerCase() !== char || char.toUpperCase() !== char;
}
