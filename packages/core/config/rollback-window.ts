import * as z from "zod";
import { type Instant, instantOf } from "../model/instant.ts";

/** The days of the week, in the order of `Date.getUTCDay`. */
const Day = z.enum(["sun", "mon", "tue", "wed", "thu", "fri", "sat"]);

const TimeOfDay = z.string().regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, "must be a time of day, such as 09:00");

/**
 * A span of local time, on some days of the week, in which automatic rollbacks may run. A window whose end is not after its
 * start ends on the next day, and belongs to the day on which it starts.
 */
export const RollbackWindow = z.strictObject({
  days: z.array(Day).min(1),
  /** The first minute, in local time. */
  from: TimeOfDay,
  /** The minute after the last one, in local time. */
  to: TimeOfDay,
  /** A name of the IANA time zone database, such as Europe/Berlin. Summer time is kept. */
  timezone: z
    .string()
    .refine(isTimeZone, { error: "must be a time zone, such as Europe/Berlin or UTC" })
    .default("UTC"),
});
export type RollbackWindow = z.infer<typeof RollbackWindow>;

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en-US", { timeZone: name });
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** Whether an instant is in one of the windows. No windows: it always is. */
export function isInWindows(windows: readonly RollbackWindow[], now: Instant): boolean {
  return windows.length === 0 || windows.some((window) => isIn(window, Date.parse(now)));
}

/** Returns when the next window opens at or after `now`: `now` itself in a window. Undefined if none does within 8 days. */
export function findNextOpening(windows: readonly RollbackWindow[], now: Instant): Instant | undefined {
  if (isInWindows(windows, now)) return now;
  const openings = windows.flatMap((window) => listOpenings(window, Date.parse(now)));
  return openings.length === 0 ? undefined : instantOf(new Date(Math.min(...openings)));
}

const minute = 60_000;
const day = 86_400_000;

function listOpenings(window: RollbackWindow, now: number): readonly number[] {
  const today = readClock(window.timezone, now);
  return [...Array(9).keys()].flatMap((days) => {
    const local = today.midnight + days * day + minutesOf(window.from) * minute;
    // The clock is set at most once between these, so that one of their offsets holds.
    return [-day, day]
      .map((shift) => local - offsetAt(window.timezone, local + shift))
      .filter((at) => at > now && isIn(window, at))
      .map((at) => stepBack(window, at, now));
  });
}

// Where the clock skips the start of the window, the window opens with the first minute after the gap.
function stepBack(window: RollbackWindow, at: number, now: number): number {
  let opening = at;
  while (opening - minute > now && at - opening < 3 * 60 * minute && isIn(window, opening - minute))
    opening -= minute;
  return opening;
}

function isIn({ days, from, to, timezone }: RollbackWindow, at: number): boolean {
  const { weekday, minutes } = readClock(timezone, at);
  const [start, end] = [minutesOf(from), minutesOf(to)];
  const isOn = (index: number) => days.some((name) => Day.options.indexOf(name) === index);
  if (start < end) return isOn(weekday) && minutes >= start && minutes < end;
  return (isOn(weekday) && minutes >= start) || (isOn((weekday + 6) % 7) && minutes < end);
}

function minutesOf(time: string): number {
  const [hours = 0, minutes = 0] = time.split(":").map(Number);
  return hours * 60 + minutes;
}

function offsetAt(timezone: string, at: number): number {
  const { midnight, minutes } = readClock(timezone, at);
  return midnight + minutes * minute - Math.floor(at / minute) * minute;
}

/** The reading of a wall clock. */
interface Clock {
  /** 0 is Sunday. */
  readonly weekday: number;
  /** Minutes since midnight. */
  readonly minutes: number;
  /** The date as if it were in UTC, in milliseconds. */
  readonly midnight: number;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function readClock(timezone: string, at: number): Clock {
  const format =
    formats.get(timezone) ??
    new Intl.DateTimeFormat("en-US", {
      timeZone: timezone,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
    });
  formats.set(timezone, format);
  const read = new Map(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
  const numberOf = (type: Intl.DateTimeFormatPartTypes) => read.get(type) ?? 0;
  const midnight = Date.UTC(numberOf("year"), numberOf("month") - 1, numberOf("day"));
  return {
    weekday: new Date(midnight).getUTCDay(),
    minutes: numberOf("hour") * 60 + numberOf("minute"),
    midnight,
  };
}
