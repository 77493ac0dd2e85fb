/** One rule of a published format. */
export interface Rule {
  readonly name: string;
  holds(document: unknown): boolean;
}

/** Returns the names of the rules that a document breaks, in the order of the rules. */
export function listBroken(rules: readonly Rule[], document: unknown): readonly string[] {
  return rules.filter((rule) => !rule.holds(document)).map(({ name }) => name);
}

/** Returns the member at a path of keys and indexes; undefined if there is none. */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (inner, key) =>
      isObject(inner) && Object.hasOwn(inner, key)
        ? Object.entries(inner).find(([name]) => name === String(key))?.[1]
        : undefined,
    value,
  );
}

/** Returns a copy of a document with another value at a path; `undefined` removes the member. */
export function withValue(document: unknown, path: readonly (string | number)[], value: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  const inner = withValue(at(document, key), rest, value);
  if (Array.isArray(document)) return document.map((item, index) => (index === key ? inner : item));
  const entries = isObject(document) ? Object.entries(document) : [];
  return Object.fromEntries([
    ...entries.filter(([name]) => name !== key),
    ...(inner === undefined ? [] : [[key, inner]]),
  ]);
}

/** Whether a value is an object or an array. */
export function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** Whether a value is a text with a visible character, of at most `most` characters. */
export function isText(value: unknown, most = Number.POSITIVE_INFINITY): value is string {
  return typeof value === "string" && /\S/.test(value) && value.length <= most;
}

/** Whether a value is an array of at least `least` and at most `most` items, each of which passes. */
export function isArrayOf(
  value: unknown,
  passes: (item: unknown) => boolean,
  [least, most]: readonly [least: number, most: number] = [0, Number.POSITIVE_INFINITY],
): boolean {
  return Array.isArray(value) && value.length >= least && value.length <= most && value.every(passes);
}

/** Whether an object has no other keys than these. */
export function hasOnly(value: unknown, keys: readonly string[]): boolean {
  return isObject(value) && Object.keys(value).every((key) => keys.includes(key));
}

/** Whether a value is one of these. */
export function isOneOf(value: unknown, ...values: readonly unknown[]): boolean {
  return values.includes(value);
}

/** Whether a value is left out, or passes. */
export function isOptional(value: unknown, passes: (value: unknown) => boolean): boolean {
  return value === undefined || passes(value);
}
