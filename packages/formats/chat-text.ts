import { defang, sanitise, truncate } from "./printable.ts";

// Text from outside may contain mentions (<!channel>, @here), links or emphasis. Slack has no escape character, so such
// text goes into a code span, without the backtick that would end it.

/** Returns text from outside as a code span of a chat message, on one line of at most 1,000 characters. */
export function formatCode(text: string): string {
  return `\`${replaceMarkup(sanitise(text, 1000))}\``;
}

/**
 * Returns a sentence of the guard's, which may contain names from outside, without links, mentions and emphasis, cut to
 * `maxLength` characters.
 */
export function formatProse(text: string, maxLength: number): string {
  const plain = replaceMarkup(text).replaceAll("[", "(").replaceAll("]", ")").replaceAll("*", "∗");
  return truncate(defang(plain).replace(/@(?=\w)/g, "@\u2060"), maxLength);
}

/**
 * Joins whole lines to a text of at most `maxLength` characters, so that no code span is cut. Where lines are left out, the last
 * one says so.
 */
export function joinWithin(lines: readonly string[], maxLength: number): string {
  const end = "\n… The e-mail has the rest.";
  let text = "";
  for (const [index, line] of lines.entries()) {
    const longer = index === 0 ? line : `${text}\n${line}`;
    const isLast = index === lines.length - 1;
    if (longer.length > (isLast ? maxLength : maxLength - end.length)) return text + end;
    text = longer;
  }
  return text;
}

function replaceMarkup(text: string): string {
  return text.replaceAll("`", "'").replaceAll("<", "‹").replaceAll(">", "›");
}
