import { locateJsonError } from "@drift-guard/policy/json";
import type * as z from "zod";
import { toDotPath } from "zod/v4/core";

/**
 * Formats what is wrong with a value, one indented line per issue with its path, such as `trust is missing` or `must be a
 * role name, at role`. `value` is what was parsed.
 */
export function formatIssues({ issues }: z.ZodError, value: unknown): string {
  return issues.map((issue) => `  ${formatIssue(issue, value)}`).join("\n");
}

/** Formats the first issue of a value on one line, such as `eventID is missing`. */
export function formatFirstIssue({ issues: [first], message }: z.ZodError, value: unknown): string {
  return first ? formatIssue(first, value) : message;
}

function formatIssue(issue: z.core.$ZodIssue, value: unknown): string {
  const { path } = issue;
  // A key's own issue says what is wrong with it.
  const message = issue.code === "invalid_key" ? (issue.issues[0]?.message ?? issue.message) : issue.message;
  if (path.length > 0 && isMissing(path, value)) return `${toDotPath(path)} is missing`;
  const place = path.length === 0 ? "" : `, at ${toDotPath(path)}`;
  return message.replace(/^Invalid input: /, "") + place;
}

/** Whether a value has nothing at a path. */
export function isMissing(path: readonly PropertyKey[], value: unknown): boolean {
  let found = value;
  for (const key of path) {
    if (typeof found !== "object" || found === null) return false;
    found = Reflect.get(found, key);
  }
  return found === undefined;
}

/**
 * Formats the place at which a text stops being JSON: `line 1, column 1`, both counted from 1. `start` is where its value
 * begins: what is before it is left out of the judgement, not of the count.
 */
export function formatJsonFault(text: string, start = 0): string {
  const whole = text.replace(/^\uFEFF/, "");
  const { line, column } = locateJsonError(whole.slice(start)) ?? { line: 1, column: 1 };
  const before = whole.slice(0, start).split("\n");
  const columnsBefore = line === 1 ? (before.at(-1)?.length ?? 0) : 0;
  return `line ${before.length - 1 + line}, column ${columnsBefore + column}`;
}
