import { utf8ToBytes } from "@noble/hashes/utils.js";

/** Returns the length of a value's JSON in UTF-8 bytes. */
export function jsonBytes(value: unknown): number {
  return utf8ToBytes(JSON.stringify(value)).length;
}

/** Returns the first values whose JSON together has at most `limit` bytes. */
export function takeBytes<T>(values: readonly T[], limit: number): readonly T[] {
  let bytes = 0;
  const end = values.findIndex((value) => {
    bytes += jsonBytes(value);
    return bytes > limit;
  });
  return end === -1 ? values : values.slice(0, end);
}
