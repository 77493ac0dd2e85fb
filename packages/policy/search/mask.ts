/** Returns a set of items as bits: bit i is set if `isSet` holds for the item at i. */
export function makeMask<Item>(items: readonly Item[], isSet: (item: Item) => boolean): bigint {
  let mask = 0n;
  // Each operation on a bigint makes a new one: bits are gathered in words of 32.
  let word = 0;
  let index = 0;
  for (const item of items) {
    if (isSet(item)) word |= 1 << (index & 31);
    index++;
    if ((index & 31) !== 0 && index < items.length) continue;
    mask |= BigInt(word >>> 0) << BigInt((index - 1) & ~31);
    word = 0;
  }
  return mask;
}
