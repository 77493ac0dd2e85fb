import { TrailUnreadableError } from "@drift-guard/core/errors";
import { CloudTrailRecord } from "@drift-guard/core/intake/cloudtrail";
import type { TrailReader } from "@drift-guard/core/ports";
import type { Clock } from "@drift-guard/embedded/clock";

/** CloudTrail's event history of an account, in memory. */
export interface History extends TrailReader {
  /** Adds a record as CloudTrail writes it. */
  add(record: unknown): void;
  /** Shows records only so many seconds after their calls; 0 at first. */
  delay(seconds: number): void;
  /** Refuses to be read in a region. */
  close(region: string): void;
  /** The names that were looked up, with their regions, in order. */
  readonly asked: readonly string[];
}

/** Creates an empty history that answers in pages of `pageSize` records. */
export function createHistory(clock: Clock, pageSize = 2): History {
  const records: { readonly at: number; readonly region: string; readonly names: string; record: unknown }[] =
    [];
  const asked: string[] = [];
  const closed = new Set<string>();
  let delayMs = 0;
  return {
    asked,
    add(record) {
      const { eventTime, awsRegion = "", requestParameters } = CloudTrailRecord.parse(record);
      const names = Object.values(requestParameters ?? {});
      records.push({ at: Date.parse(eventTime), region: awsRegion, names: JSON.stringify(names), record });
    },
    delay(seconds) {
      delayMs = seconds * 1000;
    },
    close: (region) => void closed.add(region),
    async *pages(region, name, { since, until }) {
      asked.push(`${region} ${name}`);
      if (closed.has(region)) throw new TrailUnreadableError(`CloudTrail in ${region} is closed.`);
      const shown = records.filter(
        (each) =>
          each.region === region &&
          each.names.includes(JSON.stringify(name)) &&
          each.at >= Date.parse(since) &&
          each.at <= Date.parse(until) &&
          each.at <= clock.now().getTime() - delayMs,
      );
      const newest = shown.toReversed().map(({ record }) => record);
      for (let start = 0; start < newest.length; start += pageSize) {
        yield newest.slice(start, start + pageSize);
      }
    },
  };
}
