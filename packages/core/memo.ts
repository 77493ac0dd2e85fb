/** Computes a value, or returns the one that was computed for the same key before. */
export type Memo<Value> = (key: string, compute: () => Value) => Value;

/**
 * Creates a memo of a pure function: no result depends on what it keeps. Of the keys, it keeps those that were asked for
 * last, with at most `maxCharacters` together, so that texts by strangers fill no memory. A value that is thrown is not kept.
 */
export function createMemo<Value extends NonNullable<unknown>>(maxCharacters = 1_000_000): Memo<Value> {
  // A key that is asked for is, or moves, in the newer half. When that is full, the older half is dropped.
  const half = maxCharacters / 2;
  let newer = new Map<string, Value>();
  let older = new Map<string, Value>();
  let characters = 0;
  return (key, compute) => {
    const known = newer.get(key);
    if (known !== undefined) return known;
    const value = older.get(key) ?? compute();
    if (key.length > half) return value;
    if (characters + key.length > half) {
      older = newer;
      newer = new Map();
      characters = 0;
    }
    newer.set(key, value);
    characters += key.length;
    return value;
  };
}
