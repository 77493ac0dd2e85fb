/**
 * Returns the value that a JSON text holds, for members that query engines and log shippers keep as text. Other values,
 * and text that is not JSON, are returned unchanged; blank text and `null` become undefined.
 */
export function parseJsonText(value: unknown): unknown {
  if (typeof value !== "string") return value;
  if (/^\s*(?:null)?\s*$/.test(value)) return undefined;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

// As seconds, this is the year 5138; as milliseconds, 1973. CloudTrail's first records are of 2013.
const firstMilliseconds = 100_000_000_000;

/**
 * Returns a time of a query engine as ISO 8601 in UTC: "2026-01-02 03:04:05.000 UTC", with or without fraction and zone,
 * or seconds or milliseconds since 1970, as a number or as text. Other values are returned unchanged.
 */
export function parseEngineTime(value: unknown): unknown {
  if (typeof value === "number") return toIso(value) ?? value;
  if (typeof value !== "string") return value;
  if (/^\d{9,13}(?:\.\d{1,9})?$/.test(value)) return toIso(Number(value)) ?? value;
  // CloudTrail's own times are in UTC, which an engine may leave out.
  const found = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.\d{1,9})? ?(?:UTC|GMT|Z)?$/.exec(value);
  return found ? `${found[1]}T${found[2]}Z` : value;
}

function toIso(since1970: number): string | undefined {
  const date = new Date(since1970 < firstMilliseconds ? since1970 * 1000 : since1970);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}
