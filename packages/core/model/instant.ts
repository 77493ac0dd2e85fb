import * as z from "zod";

/** A moment in UTC, as ISO 8601: `2026-11-22T12:00:00Z`, with or without fractions of a second. */
export type Instant = `${number}-${number}-${number}T${string}Z`;

/**
 * Reads ISO 8601 with seconds, and `Z` or an offset such as `+05:30`. Refuses every other spelling, such as a date alone, a
 * time without seconds, or lower-case letters.
 */
export const Instant = z.codec(z.iso.datetime({ offset: true }), z.custom<Instant>(), {
  decode: (text, context) => {
    if (isUtc(text)) return text;
    const utc = new Date(text).toISOString();
    if (isUtc(utc)) return utc;
    context.issues.push({ code: "custom", message: "It lies outside the years 0 to 9999.", input: text });
    return z.NEVER;
  },
  encode: (instant) => instant,
});

/** The moment of a date, to the millisecond. Throws `RangeError` where the date is invalid. */
export function instantOf(date: Date): Instant {
  const text = date.toISOString();
  if (isUtc(text)) return text;
  throw new RangeError(`${text} lies outside the years 0 to 9999.`);
}

// The schema has checked the rest of the text.
function isUtc(text: string): text is Instant {
  return /^\d{4}-\d\d-\d\dT.*Z$/.test(text);
}

/** Whether a moment lies before another; texts of one moment may differ in their fractions of a second. */
export function isBefore(moment: Instant, other: Instant): boolean {
  return Date.parse(moment) < Date.parse(other);
}

/**
 * Returns `now`, or a millisecond after `last` where `now` is not later: clocks of two functions differ. A `last` that lies
 * further ahead than clocks differ counts for nothing.
 */
export function momentAfter(last: Instant, now: Instant): Instant {
  return isBefore(last, now) || isAhead(last, now) ? now : instantOf(new Date(Date.parse(last) + 1));
}

/** Whether a moment lies further ahead of `now` than clocks differ: no honest clock has shown it. */
export function isAhead(moment: Instant, now: Instant): boolean {
  return millisecondsBetween(now, moment) > clockSlackMs;
}

/** Milliseconds from one moment to a later one; negative where it is earlier. */
export function millisecondsBetween(from: Instant, to: Instant): number {
  return Date.parse(to) - Date.parse(from);
}

/** How far the clocks of the guard's functions, of CloudTrail and of other services may differ, in milliseconds. */
export const clockSlackMs = 15 * 60_000;

/** The moment some seconds after another. Throws `RangeError` where it lies outside the years 0 to 9999. */
export function addSeconds(moment: Instant, seconds: number): Instant {
  return instantOf(new Date(Date.parse(moment) + seconds * 1000));
}
