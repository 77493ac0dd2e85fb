/**
 * Matches texts against patterns for the comparison. `evaluate/glob.ts` does so for `decide`. They are apart on purpose:
 * `decide` must not repeat an error of the comparison that it checks.
 */
import { noteWork } from "../support/step-budget.ts";
import { isStar, takes } from "./automaton.ts";
import type { Pattern } from "./pattern.ts";

/** Whether a pattern without variables matches a whole text. Takes at most the product of their lengths. */
export function acceptsText({ literal, tokens, ignoreCase }: Pattern, text: string): boolean {
  if (literal !== undefined) return literal === text;
  let at = 0;
  let textAt = 0;
  let star = -1;
  let starTextAt = 0;
  noteWork(text.length);
  while (textAt < text.length) {
    const token = readToken(tokens[at]);
    const code = text.charCodeAt(textAt);
    if (isStar(token)) {
      star = at++;
      starTextAt = textAt;
    } else if (takes(token, code, ignoreCase)) {
      at++;
      textAt++;
    } else if (star >= 0 && takes(readToken(tokens[star]), text.charCodeAt(starTextAt), false)) {
      noteWork(textAt - starTextAt);
      at = star + 1;
      textAt = ++starTextAt;
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
