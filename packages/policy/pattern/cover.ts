import { noteWork } from "../support/step-budget.ts";
import { anyText, oneCharacter, type Token } from "../syntax/tokens.ts";
import { standsForText } from "./automaton.ts";
import {
  anyInSegment,
  colon,
  type Ends,
  foldCode,
  isArn,
  oneInSegment,
  type Pattern,
  swapCase,
} from "./pattern.ts";

/** Whether the fixed ends of two patterns show that they match no common text. Certain when true. */
export function areDisjoint(one: Pattern, other: Pattern): boolean {
  noteWork(4);
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

/** Cap on the steps of `coversPattern`, per token. Only patterns made to keep a matcher busy need more. */
const maxStepsPerToken = 3;

/**
 * Whether `wide` matches every text that `narrow` matches, by their tokens alone: a wildcard of `narrow` must be matched
 * by a wildcard of `wide`, a variable by a wildcard or the same variable. Certain when true.
 */
export function coversPattern(wide: Pattern, narrow: Pattern): boolean {
  const isSameKind = isArn(wide) === isArn(narrow) && wide.ignoreCase === narrow.ignoreCase;
  if (isSameKind && wide.text === narrow.text) return true;
  if (wide.literal !== undefined) return false;
  if (areDisjoint(wide, narrow)) return false;
  const [tokens, symbols] = [wide.tokens, narrow.tokens];
  let at = 0;
  let symbolAt = 0;
  let star = -1;
  let starSymbolAt = 0;
  const maxSteps = maxStepsPerToken * (tokens.length + symbols.length) + 100;
  noteWork(tokens.length + symbols.length);
  for (let step = 0; symbolAt < symbols.length; step++) {
    const symbol = symbols[symbolAt];
    if (symbol === undefined || step > maxSteps) return false;
    const token = tokens[at];
    if (token === anyText || token === anyInSegment) {
      star = at++;
      starSymbolAt = symbolAt;
    } else if (token !== undefined && matchesOne(token, symbol, wide.ignoreCase, narrow.ignoreCase)) {
      at++;
      symbolAt++;
    } else if (star >= 0 && starMatches(tokens[star], symbols[starSymbolAt])) {
      at = star + 1;
      symbolAt = ++starSymbolAt;
    } else {
      return false;
    }
  }
  while (tokens[at] === anyText || tokens[at] === anyInSegment) at++;
  return at === tokens.length;
}

function starMatches(star: Token | undefined, symbol: Token | undefined): boolean {
  if (star === anyText) return true;
  return symbol !== colon && symbol !== anyText && symbol !== oneCharacter;
}

function matchesOne(token: Token, symbol: Token, folds: boolean, symbolFolds: boolean): boolean {
  if (token === oneCharacter || token === oneInSegment) {
    if (typeof symbol === "string" || symbol === anyText || symbol === anyInSegment) return false;
    // An unknown value may be longer than one character, or empty.
    if (standsForText(symbol)) return false;
    return token === oneCharacter || (symbol !== colon && symbol !== oneCharacter);
  }
  if (typeof token === "string" || typeof symbol === "string") return token === symbol;
  if (symbol < 0) return false;
  if (folds) return foldCode(token) === foldCode(symbol);
  return token === symbol && !(symbolFolds && swapCase(symbol) !== symbol);
}
