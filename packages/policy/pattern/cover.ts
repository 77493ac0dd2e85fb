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

/** Whether two patterns can be told apart by their fixed ends; false says nothing. */
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

// More is no pair that anybody wrote, but one that was made to keep a matcher busy.
const mostRounds = 3;

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
  const most = mostRounds * (over.length + under.length) + 100;
  noteWork(over.length + under.length);
  for (let step = 0; place < under.length; step++) {
    const symbol = under[place];
    if (symbol === undefined || step > most) return false;
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
    // A variable's value may be longer, or empty.
    if (standsForText(symbol)) return false;
    return token === oneCharacter || (symbol !== colon && symbol !== oneCharacter);
  }
  if (typeof token === "string" || typeof symbol === "string") return token === symbol;
  if (symbol < 0) return false;
  if (folds) return foldCode(token) === foldCode(symbol);
  return token === symbol && !(symbolFolds && swapCase(symbol) !== symbol);
}
