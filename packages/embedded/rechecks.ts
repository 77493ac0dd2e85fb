import type { Recheck } from "@drift-guard/core/model/change";
import type { RecheckQueue } from "@drift-guard/core/ports";
import type { Clock } from "./clock.ts";

/** A queue of rechecks in memory, whose delays pass on a clock that can be moved. */
export interface VirtualRecheckQueue extends RecheckQueue {
  /** Takes out what is due at a moment, the earliest first. */
  due(now: Date): readonly Recheck[];
  /** When the next one is due; undefined where none waits. */
  nextAt(): Date | undefined;
}

interface Waiting {
  readonly at: number;
  readonly recheck: Recheck;
}

/** Makes a queue that counts its delays from the clock's time. */
export function createRecheckQueue(clock: Clock): VirtualRecheckQueue {
  let waiting: readonly Waiting[] = [];
  return {
    async schedule(recheck, afterSeconds) {
      const at = clock.now().getTime() + afterSeconds * 1000;
      // The sort is stable: what is due at the same moment keeps the order it was asked for in.
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
