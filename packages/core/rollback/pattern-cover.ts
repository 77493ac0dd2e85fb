import { matchesAction } from "../evaluate/action-pattern.ts";

/** Whether an action pattern matches all that another one matches. False in doubt. */
export function coversAction(wide: string, narrow: string): boolean {
  if (wide.toLowerCase() === narrow.toLowerCase()) return true;
  // A `?` would take the star of the narrow pattern for one character.
  return !wide.includes("?") && matchesAction(wide, narrow);
}

/** Whether some action may match two patterns. True in doubt. */
export function mayShareAction(one: string, other: string): boolean {
  const [first, second] = [one.toLowerCase(), other.toLowerCase()];
  return /[*?]/.test(first) && /[*?]/.test(second)
    ? mayShareText(first, second)
    : matchesAction(first, second) || matchesAction(second, first);
}

/** Whether a resource pattern of an identity policy matches all that another one matches. False in doubt. */
export function coversResource(wide: string, narrow: string): boolean {
  if (wide === "*" || wide === narrow) return true;
  const start = wide.slice(0, -1);
  // A star in an earlier part of an ARN ends with that part.
  return wide.endsWith("*") && !wildcard.test(start) && isWhole(start) && narrow.startsWith(start);
}

/** Whether some resource may match two patterns of identity policies. True in doubt. */
export function mayShareResource(one: string, other: string): boolean {
  if (one === other) return true;
  return wildcard.test(one) || wildcard.test(other) || !isWhole(one) || !isWhole(other)
    ? mayShareText(one, other)
    : false;
}

// A variable stands for any text.
const wildcard = /[*?]|\$\{/;

// AWS completes an ARN that has fewer parts (IAM User Guide, "IAM identifiers").
function isWhole(arn: string): boolean {
  return arn.split(":").length >= 6;
}

/** Compares what both have before their first wildcard, and after their last one. */
function mayShareText(one: string, other: string): boolean {
  const [first, second] = [one, other].map(startOf);
  const [third, fourth] = [one, other].map(endOf);
  return isPair(first, second, "startsWith") && isPair(third, fourth, "endsWith");
}

function isPair(one = "", other = "", how: "startsWith" | "endsWith"): boolean {
  return one[how](other) || other[how](one);
}

function startOf(text: string): string {
  const at = text.search(wildcard);
  return at < 0 ? text : text.slice(0, at);
}

function endOf(text: string): string {
  if (text.startsWith("arn:") && !isWhole(text)) return "";
  return wildcard.test(text)
    ? text.slice(Math.max(...["*", "?", "}"].map((end) => text.lastIndexOf(end))) + 1)
    : text;
}
