// No item is written so often: a larger version is forged, and no number might come after it.
export const maxHonestVersion = 2 ** 50;

/** Whether a stored version can be one that a store has written: 1 for the first one. */
export function isHonestVersion(version: unknown): version is number {
  return (
    typeof version === "number" &&
    Number.isSafeInteger(version) &&
    version >= 1 &&
    version <= maxHonestVersion
  );
}

/** The version under which an item is loaded that has none that can be believed: the next write gives it version 1. */
export const brokenVersion = -1;
