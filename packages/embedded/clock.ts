/** Tells the time; everything of this package that needs a time asks one of these. */
export interface Clock {
  now(): Date;
}

/** A clock that stands still until it is moved. */
export interface VirtualClock extends Clock {
  advance(seconds: number): void;
  /** Moves on to a moment; a moment that has passed moves nothing. */
  advanceTo(moment: Date): void;
}

/** A clock that begins at a moment (ISO 8601), for demonstrations and tests that must not wait. */
export function createVirtualClock(start: string): VirtualClock {
  let time = Date.parse(start);
  if (Number.isNaN(time)) throw new RangeError(`"${start}" is no moment that a clock could begin at.`);
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
