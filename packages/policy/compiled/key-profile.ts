import type { CompiledStatement } from "./statement.ts";

/** What the conditions of both sides and the boundary show about the values of condition keys. */
export interface KeyProfile {
  /** Keys of which a request may have several values: a condition uses ForAllValues or ForAnyValue on them. */
  readonly multivalued: ReadonlySet<string>;
  /** Keys that only Bool conditions use: their values are true and false. Not keys of tags, which hold any text. */
  readonly booleans: ReadonlySet<string>;
}

/** Returns the profile of the keys in the conditions of some statements. */
export function profileKeys(statements: readonly CompiledStatement[]): KeyProfile {
  const multivalued = new Set<string>();
  const booleans = new Set<string>();
  const texts = new Set<string>();
  for (const { conditions } of statements) {
    for (const { operator, canonical } of conditions) {
      if (operator?.qualifier) multivalued.add(canonical.key);
      if (operator?.family === "null") continue;
      const isBoolean = operator?.family === "bool" && !canonical.key.includes("/");
      (isBoolean ? booleans : texts).add(canonical.key);
    }
  }
  return { multivalued, booleans: booleans.difference(texts) };
}
