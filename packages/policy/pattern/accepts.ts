import { noteWork } from "../support/step-budget.ts";
import { isStar, takes } from "./automaton.ts";
import type { Pattern } from "./pattern.ts";

/** Whether a pattern without variables matches a whole text; costs no more than the product of their lengths. */
export function acceptsText({ literal, tokens, ignoreCase }: Pattern, text: string): boolean {
  if (literal !== undefined) return literal === text;
  let at = 0;
  let place = 0;
  let star = -1;
  let starPlace = 0;
  noteWork(text.length);
  while (place < text.length) {
    const token = readToken(tokens[at]);
    const code = text.charCodeAt(place);
    if (isStar(token)) {
      star = at++;
      starPlace = place;
    } else if (takes(token, code, ignoreCase)) {
      at++;
      place++;
    } else if (star >= 0 && takes(readToken(tokens[star]), text.charCodeAt(starPlace), false)) {
      noteWork(place - starPlace);
      at = star + 1;
      place = ++starPlace;
    } else {
      return false;
    }
  }
  while (isStar(readToken(tokens[at]))) at++;
  return at === tokens.length;
}

function readToken(token: number | string | undefined): number | undefined {
  return typeof token === "string" ? undefined : token;
}
