import type { Recheck } from "@drift-guard/core/model/change";
import type { RecheckQueue } from "@drift-guard/core/ports";
import type { Clock } from "./clock.ts";

/** A queue of rechecks in memory. Its delays pass on a virtual clock. */
export interface VirtualRecheckQueue extends RecheckQueue {
  /** Removes and returns the rechecks that are due at a moment, earliest first. */
  due(now: Date): readonly Recheck[];
  /** Returns when the next recheck is due, or undefined if the queue is empty. */
  nextAt(): Date | undefined;
}

interface ScheduledRecheck {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly recheck: Recheck;
}

/** Creates an empty queue. A delay starts at the clock's time when it is scheduled. */
export function createRecheckQueue(clock: Clock): VirtualRecheckQueue {
  let waiting: readonly ScheduledRecheck[] = [];
  return {
    async schedule(recheck, afterSeconds) {
      const at = clock.now().getTime() + afterSeconds * 1000;
      // The sort is stable: rechecks of the same moment stay in the order in which they were scheduled.
      waiting = [...waiting, { at, recheck }].sort((a, b) => a.at - b.at);
    },
    due(now) {
      const due = waiting.filter(({ at }) => at <= now.getTime());
      waiting = waiting.filter(({ at }) => at > now.getTime());
      return due.map(({ recheck }) => recheck);
    },
    nextAt() {
      const [first] = waiting;
      return first && new Date(first.at);
    },
  };
}
