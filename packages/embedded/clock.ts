/** The source of time for everything in this package. */
export interface Clock {
  now(): Date;
}

/** A clock that stands still unless it is moved. */
export interface VirtualClock extends Clock {
  advance(seconds: number): void;
  /** Moves the clock to a moment. Does nothing if the moment has passed. */
  advanceTo(moment: Date): void;
}

/**
 * Creates a clock that starts at `start` (ISO 8601), for demonstrations and tests that must not wait. Throws `RangeError`
 * if `start` is no date.
 */
export function createVirtualClock(start: string): VirtualClock {
  let time = Date.parse(start);
  if (Number.isNaN(time))
    throw new RangeError(`A clock cannot start at "${start}": it is not an ISO 8601 date.`);
  return {
    now: () => new Date(time),
    advance: (seconds) => {
      time += seconds * 1000;
    },
    advanceTo: (moment) => {
      time = Math.max(time, moment.getTime());
    },
  };
}
