/**
 * Matches patterns against texts for `decide`. `pattern/accepts.ts` does so for the comparison, on its own pattern form.
 * They are apart on purpose: `decide` must not repeat an error of the comparison that it checks.
 */
import { anyText, oneCharacter, type Token } from "../syntax/tokens.ts";

/**
 * Whether a pattern without variables matches a whole text. It goes back to the last star only, so that it takes at most
 * the product of both lengths.
 */
export function matchesText(pattern: readonly Token[], text: string): boolean {
  let at = 0;
  let textAt = 0;
  let star = -1;
  let starTextAt = 0;
  while (textAt < text.length) {
    const token = pattern[at];
    if (token === anyText) {
      star = at++;
      starTextAt = textAt;
    } else if (token === oneCharacter || token === text.charCodeAt(textAt)) {
      at++;
      textAt++;
    } else if (star >= 0) {
      at = star + 1;
      textAt = ++starTextAt;
    } else {
      return false;
    }
  }
  while (pattern[at] === anyText) at++;
  return at === pattern.length;
}

const colon = 58;

/** Splits a pattern at its first five colons. The sixth segment may hold more colons. */
function splitSegments(pattern: readonly Token[]): Token[][] {
  const segments: Token[][] = [[]];
  for (const token of pattern) {
    if (token === colon && segments.length < 6) segments.push([]);
    else segments.at(-1)?.push(token);
  }
  return segments;
}

/**
 * Whether an ARN pattern matches an ARN, segment by segment. `resolve` replaces the variables of a segment; it returns
 * undefined if the segment matches nothing. A pattern of fewer than six segments matches every ARN that begins with it
 * if it ends in `*` or `completed` is set; otherwise its missing segments are empty.
 */
export function matchesArn(
  pattern: readonly Token[],
  arn: string,
  resolve: (segment: readonly Token[]) => readonly Token[] | undefined,
  completed = false,
): boolean {
  const segments = splitSegments(pattern);
  const open = completed || pattern.at(-1) === anyText;
  while (segments.length < 6) segments.push(open ? [anyText] : []);
  const parts = arn.split(":");
  if (parts.length < 6) return false;
  parts.push(parts.splice(5).join(":"));
  return segments.every((segment, index) => {
    const resolved = resolve(segment);
    return resolved !== undefined && matchesText(resolved, parts[index] ?? "");
  });
}
