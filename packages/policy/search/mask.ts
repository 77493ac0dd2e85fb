/** Returns a set of items as bits: bit i is set if `isSet` holds for the item at i. */
export function makeMask<Item>(items: readonly Item[], isSet: (item: Item) => boolean): bigint {
  return items.reduce((mask, item, index) => (isSet(item) ? mask | (1n << BigInt(index)) : mask), 0n);
}
