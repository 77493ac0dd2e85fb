import { anyText, oneCharacter, type Token } from "../syntax/tokens.ts";

/**
 * Whether a pattern without variables matches a whole text: two pointers and one place to come back to, so that no
 * pattern can cost more than its length times that of the text.
 */
export function matchesText(pattern: readonly Token[], text: string): boolean {
  let at = 0;
  let place = 0;
  let star = -1;
  let starPlace = 0;
  while (place < text.length) {
    const token = pattern[at];
    if (token === anyText) {
      star = at++;
      starPlace = place;
    } else if (token === oneCharacter || token === text.charCodeAt(place)) {
      at++;
      place++;
    } else if (star >= 0) {
      at = star + 1;
      place = ++starPlace;
    } else {
      return false;
    }
  }
  while (pattern[at] === anyText) at++;
  return at === pattern.length;
}

const colon = 58;

/** Splits a pattern at its first five colons; the last segment keeps its own. */
function splitSegments(pattern: readonly Token[]): Token[][] {
  const segments: Token[][] = [[]];
  for (const token of pattern) {
    if (token === colon && segments.length < 6) segments.push([]);
    else segments.at(-1)?.push(token);
  }
  return segments;
}

/**
 * Whether an ARN pattern matches an ARN, segment by segment; `resolve` puts values in the place of variables. A pattern
 * of fewer than six segments that ends in `*`, or is `completed`, stands for every ARN that starts so; otherwise the
 * segments that it lacks are empty.
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
