import type { CompiledStatement } from "./statement.ts";

/** What the conditions of two sides say of their keys' values. */
export interface KeyProfile {
  /** Keys that requests may have several values of: those that a condition asks ForAllValues or ForAnyValue of. */
  readonly multivalued: ReadonlySet<string>;
  /** Keys that are asked for a truth alone, and so have one; a tag can be any text. */
  readonly booleans: ReadonlySet<string>;
}

/** Reads off all conditions of two sides what values their keys have. */
export function profileKeys(statements: readonly CompiledStatement[]): KeyProfile {
  const multivalued = new Set<string>();
  const booleans = new Set<string>();
  const texts = new Set<string>();
  for (const { conditions } of statements) {
    for (const { operator, canonical } of conditions) {
      if (operator?.qualifier !== undefined) multivalued.add(canonical.key);
      if (operator?.family === "null") continue;
      const isBoolean = operator?.family === "bool" && !canonical.key.includes("/");
      (isBoolean ? booleans : texts).add(canonical.key);
    }
  }
  return { multivalued, booleans: booleans.difference(texts) };
}
