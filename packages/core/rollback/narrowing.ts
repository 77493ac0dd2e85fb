import { isJsonObject, type PolicyJson } from "../policy-json.ts";

/** Counts comparisons: a policy that is made to take too many is not narrowed. */
export interface Checks {
  /** Whether a statement allows only what is expected. False once there were too many checks. */
  readonly isExpected: (statement: object) => boolean;
  readonly exhausted: () => boolean;
}

/** Returns checks that end after `max`. */
export function limitChecks(isExpected: (statement: object) => boolean, max: number): Checks {
  let count = 0;
  return {
    isExpected(statement) {
      count += 1;
      return count <= max && isExpected(statement);
    },
    exhausted: () => count > max,
  };
}

/** A statement of a policy, as JSON. */
export type Statement = Readonly<Record<string, unknown>>;

/** Whether a value is a statement of an effect. */
export function hasEffect(statement: unknown, effect: "Allow" | "Deny"): statement is Statement {
  return isJsonObject(statement) && statement.Effect === effect;
}

/** Returns the texts of an element that holds one text or a list; nothing else is a text. */
export function listTexts(value: unknown): readonly string[] {
  return [value].flat().filter((text) => typeof text === "string");
}

/**
 * Returns what is expected of the pairs of two lists, as statements: those of the first that have the same of the second
 * are in one statement. `build` makes a statement of some of both. Nothing is returned of what is not expected.
 */
export function narrowPairs<First>(
  firsts: readonly First[],
  seconds: readonly string[],
  build: (firsts: readonly First[], seconds: readonly string[]) => Statement,
  { isExpected }: Pick<Checks, "isExpected">,
): readonly Statement[] {
  const bySeconds = new Map<string, { readonly firsts: First[]; readonly seconds: readonly string[] }>();
  for (const first of firsts) {
    const allowed = isExpected(build([first], seconds))
      ? seconds
      : seconds.length === 1
        ? []
        : seconds.filter((second) => isExpected(build([first], [second])));
    if (allowed.length === 0) continue;
    const key = JSON.stringify(allowed);
    const group = bySeconds.get(key) ?? { firsts: [], seconds: allowed };
    group.firsts.push(first);
    bySeconds.set(key, group);
  }
  return [...bySeconds.values()].map((group) => build(group.firsts, group.seconds));
}

/** Returns a policy with other statements. An id that is there already is left out: ids must be unique in a policy. */
export function withStatements(document: PolicyJson, statements: readonly unknown[]): string {
  const ids = new Set<unknown>();
  const unique = statements.map((statement) => {
    if (!isJsonObject(statement) || !("Sid" in statement)) return statement;
    const { Sid, ...rest } = statement;
    if (ids.has(Sid)) return rest;
    ids.add(Sid);
    return statement;
  });
  return JSON.stringify({ ...document, Statement: unique });
}
