import { maxReceives, pauseAfter } from "@drift-guard/core/config/retries";
import type { VirtualClock } from "@drift-guard/embedded/clock";

/** A message that waits in a queue. */
export interface Message {
  readonly queue: "changes" | "rollback";
  readonly body: string;
  /** When it can be received, in milliseconds. */
  readonly at: number;
  /** When it came into its queue, in milliseconds. */
  readonly sentAt: number;
  readonly receives: number;
  /** Whether it may be lost, repeated or late: events of CloudTrail and EventBridge, and reports of changes. */
  readonly isUncertain: boolean;
}

/** The guard's two queues. */
export interface Queues {
  put(message: Omit<Message, "at" | "sentAt" | "receives">, seconds: number): void;
  /** Puts a message back whose handling failed. Returns false if it was received too often and is dropped. */
  putBack(message: Message): boolean;
  /** Removes and returns one of the messages that can be received, or the next one that will be. */
  receive(pick: number): Message | undefined;
  /** Returns when the next message can be received, in milliseconds. */
  next(): number | undefined;
  /** Removes and returns an uncertain message. */
  lose(pick: number): Message | undefined;
  repeat(pick: number): void;
  delay(pick: number, seconds: number): void;
}

/** Creates empty queues. */
export function createQueues(clock: VirtualClock): Queues {
  let messages: Message[] = [];
  const take = (pick: number, isEligible: (message: Message) => boolean): Message | undefined => {
    const some = messages.filter(isEligible).toSorted((a, b) => a.at - b.at);
    return some[pick % Math.max(some.length, 1)];
  };
  const remove = (message: Message) => {
    messages = messages.filter((each) => each !== message);
  };
  const isUncertain = (message: Message) => message.isUncertain;
  const nowMs = () => clock.now().getTime();
  return {
    put(message, seconds) {
      const at = nowMs() + seconds * 1000;
      messages.push({ ...message, at, sentAt: at, receives: 0 });
    },
    putBack(message) {
      const receives = message.receives + 1;
      if (receives >= maxReceives) return false;
      messages.push({ ...message, at: nowMs() + pauseAfter(receives) * 1000, receives });
      return true;
    },
    receive(pick) {
      const now = nowMs();
      const message = take(pick, ({ at }) => at <= now) ?? take(0, () => true);
      if (message) remove(message);
      return message;
    },
    next: () => take(0, () => true)?.at,
    lose(pick) {
      const message = take(pick, isUncertain);
      if (message) remove(message);
      return message;
    },
    repeat(pick) {
      const message = take(pick, isUncertain);
      if (message) messages.push({ ...message, at: message.at + 1000 });
    },
    delay(pick, seconds) {
      const message = take(pick, isUncertain);
      if (message === undefined) return;
      remove(message);
      messages.push({ ...message, at: message.at + seconds * 1000 });
    },
  };
}
