import type { CompiledStatement } from "./statement.ts";

/** What the conditions of two sides say of their keys' values. */
export interface KeyProfile {
  /** Keys that requests may have several values of: those that a condition asks ForAllValues or ForAnyValue of. */
  readonly several: ReadonlySet<string>;
  /** Keys that are asked for a truth alone, and so have one; a tag can be any text. */
  readonly truths: ReadonlySet<string>;
}

/** Reads off all conditions of two sides what values their keys have. */
export function profileKeys(statements: readonly CompiledStatement[]): KeyProfile {
  const several = new Set<string>();
  const truths = new Set<string>();
  const texts = new Set<string>();
  for (const { conditions } of statements) {
    for (const { operator, condition } of conditions) {
      if (operator?.qualifier !== undefined) several.add(condition.key);
      if (operator?.family === "null") continue;
      const isTruth = operator?.family === "bool" && !condition.key.includes("/");
      (isTruth ? truths : texts).add(condition.key);
    }
  }
  return { several, truths: truths.difference(texts) };
}
