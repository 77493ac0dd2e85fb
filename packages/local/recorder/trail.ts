import { setTimeout as pause } from "node:timers/promises";
import { formatCause } from "@drift-guard/core/errors";
import type { CloudTrailRecord } from "@drift-guard/core/intake/cloudtrail";
import { type Disorder, unchanged } from "./disorder.ts";
import { putRecord } from "./event-bus.ts";

/** The account's trail, and the delivery of its records to the event bus. */
export interface Trail {
  /** Returns every record so far, delivered or not. */
  listRecords(): readonly CloudTrailRecord[];
  /**
   * Sets how later records are delivered: each changed by `disorder` and after a delay. The defaults are one copy and no
   * delay.
   */
  disturb(how: { readonly disorder?: Disorder; readonly delayMs?: number }): void;
  /** Holds later records until `release`. */
  hold(): void;
  /** Delivers the held records, changed by `disorder`, and delivers later records at once again. */
  release(disorder?: Disorder): Promise<void>;
  /** Waits until every record that is not held has been delivered or has failed. */
  waitForDelivery(): Promise<void>;
}

/** A trail that takes records and can be stopped. */
export interface TrailWriter extends Trail {
  /** Adds a record, and delivers it if the account itself made the call. */
  append(record: CloudTrailRecord): void;
  /** Drops delayed deliveries and waits for those that have begun. */
  stop(): Promise<void>;
}

/** Creates the empty trail of an account. A delivery that fails is passed to `report` and is not retried. */
export function createTrail(
  account: string,
  ministack: string,
  report: ((line: string) => void) | undefined,
): TrailWriter {
  const records: CloudTrailRecord[] = [];
  const deliveries = new Set<Promise<void>>();
  const stopping = new AbortController();
  let held: CloudTrailRecord[] | undefined;
  let disorder = unchanged;
  let delayMs = 0;

  async function deliver(batch: readonly CloudTrailRecord[], afterMs: number): Promise<void> {
    try {
      if (afterMs > 0) await pause(afterMs, undefined, { signal: stopping.signal });
      for (const record of batch) await putRecord(ministack, record);
    } catch (error) {
      if (!stopping.signal.aborted) report?.(formatCause(error));
    }
  }

  function track(delivery: Promise<void>): Promise<void> {
    deliveries.add(delivery);
    return delivery.finally(() => deliveries.delete(delivery));
  }

  async function waitForDelivery(): Promise<void> {
    while (deliveries.size > 0) await Promise.all(deliveries);
  }

  return {
    listRecords: () => [...records],
    append(record) {
      records.push(record);
      if (record.recipientAccountId !== account) return;
      if (held) held.push(record);
      else void track(deliver(disorder([record]), delayMs));
    },
    disturb(how) {
      disorder = how.disorder ?? unchanged;
      delayMs = how.delayMs ?? 0;
    },
    hold() {
      held ??= [];
    },
    release(order = unchanged) {
      const batch = held ?? [];
      held = undefined;
      return track(deliver(order(batch), 0));
    },
    waitForDelivery,
    async stop() {
      stopping.abort();
      await waitForDelivery();
    },
  };
}
