/** A Region that could not be read, and why. */
export interface UnreadRegion {
  readonly region: string;
  readonly why: string;
}

/** Regions that could not be read for the same reason; `why` is that of the first. */
export interface UnreadRegions {
  readonly regions: readonly string[];
  readonly why: string;
}

/**
 * Joins Regions that could not be read for the same reason, apart from the Region's own name in it: with wrong credentials or
 * without a permission, each of thirty Regions says the same.
 */
export function groupUnread(unread: readonly UnreadRegion[]): readonly UnreadRegions[] {
  const groups = Map.groupBy(unread, ({ region, why }) => why.replaceAll(region, "REGION"));
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    return first ? [{ regions: group.map(({ region }) => region), why: first.why }] : [];
  });
}
