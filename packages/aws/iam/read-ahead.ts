/**
 * Yields the result of `read` for each item, in the order of the items. Up to `limit` reads run at once, and none of an item
 * that is more than `limit` ahead of the one that is asked for. A read that fails throws its error when its turn comes.
 */
export async function* readAhead<Item, Result>(
  items: readonly Item[],
  limit: number,
  read: (item: Item) => Promise<Result>,
): AsyncIterable<Result> {
  const running: Promise<Result>[] = [];
  for (const item of items) {
    const result = read(item);
    // Nobody may ask for it any more, and a failure that nobody hears of ends the process.
    result.catch(() => {});
    running.push(result);
    const first = running.length < limit ? undefined : running.shift();
    if (first) yield await first;
  }
  for (const result of running) yield await result;
}
