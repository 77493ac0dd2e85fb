import type { Recheck } from "@drift-guard/core/model/change";
import type { LookupRequest } from "@drift-guard/core/model/lookup-request";
import type { RollbackRequest } from "@drift-guard/core/model/rollback-request";
import type { LookupQueue, RecheckQueue, RollbackQueue } from "@drift-guard/core/ports";
import type { Clock } from "./clock.ts";

/** Messages in memory that wait until they are due. Their delays pass on a virtual clock. */
export interface DelayedMessages<Message> {
  /** Removes and returns the messages that are due at a moment, earliest first. */
  due(now: Date): readonly Message[];
  /** Returns when the next message is due, or undefined if there is none. */
  nextAt(): Date | undefined;
}

/** A queue of rechecks in memory. */
export type VirtualRecheckQueue = RecheckQueue & DelayedMessages<Recheck>;

/** A queue of requests to rollback in memory. */
export type VirtualRollbackQueue = RollbackQueue & DelayedMessages<RollbackRequest>;

/** A queue of requests for lookups in memory. */
type VirtualLookupQueue = LookupQueue & DelayedMessages<LookupRequest>;

/** Creates an empty queue. A delay starts at the clock's time when it is scheduled. */
export function createRecheckQueue(clock: Clock): VirtualRecheckQueue {
  const { put, ...messages } = createDelayedMessages<Recheck>(clock);
  return { ...messages, schedule: async (recheck, afterSeconds) => put(recheck, afterSeconds) };
}

/** Creates an empty queue. A delay starts at the clock's time when it is sent. */
export function createRollbackQueue(clock: Clock): VirtualRollbackQueue {
  const { put, ...messages } = createDelayedMessages<RollbackRequest>(clock);
  return { ...messages, send: async (request, afterSeconds) => put(request, afterSeconds) };
}

/** Creates an empty queue. A delay starts at the clock's time when it is sent. */
export function createLookupQueue(clock: Clock): VirtualLookupQueue {
  const { put, ...messages } = createDelayedMessages<LookupRequest>(clock);
  return { ...messages, send: async (request, afterSeconds) => put(request, afterSeconds) };
}

interface WritableMessages<Message> extends DelayedMessages<Message> {
  put(message: Message, afterSeconds: number): void;
}

function createDelayedMessages<Message>(clock: Clock): WritableMessages<Message> {
  let waiting: readonly { readonly at: number; readonly message: Message }[] = [];
  return {
    put(message, afterSeconds) {
      const at = clock.now().getTime() + afterSeconds * 1000;
      // The sort is stable: messages of the same moment stay in the order in which they were put.
      waiting = [...waiting, { at, message }].sort((a, b) => a.at - b.at);
    },
    due(now) {
      const due = waiting.filter(({ at }) => at <= now.getTime());
      waiting = waiting.filter(({ at }) => at > now.getTime());
      return due.map(({ message }) => message);
    },
    nextAt() {
      const [first] = waiting;
      return first && new Date(first.at);
    },
  };
}
