/**
 * A JSON parser, written by hand on purpose: JSON.parse keeps the last of two members with one name without a word, loses
 * digits of numbers, and names no exact place of an error.
 */
import { PolicySyntaxError, type TextPosition } from "../model/syntax-error.ts";

/** A JSON object with its members in order. A map, so that `__proto__` is a name like any other. */
export type JsonObject = ReadonlyMap<string, Json>;

/** A JSON number as written, so that no digit is lost. */
interface JsonNumber {
  readonly number: string;
}

/** A JSON value. */
export type Json = string | boolean | null | JsonNumber | readonly Json[] | JsonObject;

const maxDepth = 64;
const maxCharacters = 300_000;
const numberGrammar = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

/**
 * Parses JSON strictly. Refuses also an object that gives a member twice, because parsers differ in which of the two
 * they keep; a text of more than 300,000 characters; and nesting of more than 64 levels. Throws `PolicySyntaxError` with
 * line and column.
 */
export function parseJson(text: string): Json {
  return parse(text, { maxCharacters, allowTwice: false });
}

/** Returns where a text stops being JSON; undefined if it is JSON. A text of any length may give a member twice. */
export function locateJsonError(text: string): TextPosition | undefined {
  try {
    parse(text, { maxCharacters: Number.POSITIVE_INFINITY, allowTwice: true });
    return undefined;
  } catch (error) {
    if (error instanceof PolicySyntaxError) return error.position;
    throw error;
  }
}

function parse(
  text: string,
  { maxCharacters, allowTwice }: { readonly maxCharacters: number; readonly allowTwice: boolean },
): Json {
  let at = 0;

  const fail = (message: string, place = at): never => {
    const before = text.slice(0, place);
    const line = before.split("\n").length;
    const column = place - before.lastIndexOf("\n");
    throw new PolicySyntaxError(`${message} at line ${line}, column ${column}`, "$", { line, column });
  };

  const skipBlanks = (): void => {
    while (at < text.length && " \t\r\n".includes(text.charAt(at))) at++;
  };

  const parseString = (): string => {
    const start = at++;
    let escaped = false;
    for (; at < text.length; at++) {
      const char = text.charAt(at);
      if (char === '"') {
        at++;
        return escaped ? decodeEscapes(start) : text.slice(start + 1, at - 1);
      }
      if (char < " ") return fail("a string contains a control character");
      if (char === "\\") {
        escaped = true;
        at++;
      }
    }
    return fail("a string is not closed", start);
  };

  const decodeEscapes = (start: number): string => {
    try {
      return String(JSON.parse(text.slice(start, at)));
    } catch {
      return fail("a string contains an unknown escape", start);
    }
  };

  const parseNumber = (): JsonNumber => {
    numberGrammar.lastIndex = at;
    const number = numberGrammar.exec(text)?.[0];
    if (number === undefined) return fail(`unexpected ${JSON.stringify(text.charAt(at))}`);
    at += number.length;
    return { number };
  };

  /** Parses items that are separated by commas, up to the closing bracket. */
  const parseItems = (close: string, parseItem: () => void): void => {
    at++;
    skipBlanks();
    if (text.charAt(at) !== close) {
      for (parseItem(); text.charAt(at) !== close; parseItem()) {
        if (text.charAt(at) !== ",") fail(`expected , or ${close}`);
        at++;
      }
    }
    at++;
  };

  const parseList = (depth: number): Json[] => {
    const list: Json[] = [];
    parseItems("]", () => list.push(parseValue(depth)));
    return list;
  };

  const parseObject = (depth: number): JsonObject => {
    const members = new Map<string, Json>();
    parseItems("}", () => {
      skipBlanks();
      const place = at;
      if (text.charAt(at) !== '"') fail("expected a name in quotation marks");
      const name = parseString();
      if (!allowTwice && members.has(name))
        fail(`${JSON.stringify(name)} is given twice in one object`, place);
      skipBlanks();
      if (text.charAt(at) !== ":") fail("expected :");
      at++;
      members.set(name, parseValue(depth));
    });
    return members;
  };

  const parseWord = (): boolean | null => {
    for (const [word, value] of [
      ["true", true],
      ["false", false],
      ["null", null],
    ] as const) {
      if (text.startsWith(word, at)) {
        at += word.length;
        return value;
      }
    }
    return fail(`unexpected ${JSON.stringify(text.charAt(at))}`);
  };

  const parseValue = (depth: number): Json => {
    if (depth > maxDepth) fail(`the text is nested more than ${maxDepth} levels deep`);
    skipBlanks();
    if (at >= text.length) fail("the text ends too early");
    const value = parseStart(text.charAt(at), depth + 1);
    skipBlanks();
    return value;
  };

  const parseStart = (char: string, depth: number): Json => {
    if (char === "{") return parseObject(depth);
    if (char === "[") return parseList(depth);
    if (char === '"') return parseString();
    return char === "-" || (char >= "0" && char <= "9") ? parseNumber() : parseWord();
  };

  if (text.length > maxCharacters) fail(`the text is longer than ${maxCharacters} characters`, 0);
  const value = parseValue(0);
  if (at < text.length) fail("more text follows the end of the document");
  return value;
}
