import type { CloudTrailRecord } from "@drift-guard/core/intake/cloudtrail";

/**
 * Reorders, copies or drops records on their way to the event bus. CloudTrail guarantees neither order nor exactly-once
 * delivery.
 */
export type Disorder = (records: readonly CloudTrailRecord[]) => readonly CloudTrailRecord[];

/** Delivers each record once, in the order of the calls. */
export const unchanged: Disorder = (records) => records;

/** Delivers each record twice, one copy right after the other. */
export const doubled: Disorder = (records) => records.flatMap((record) => [record, record]);

/** Delivers the last call's record first. */
export const reversed: Disorder = (records) => records.toReversed();

/** Returns a disorder that drops the records for which `lost` is true. */
export const dropping =
  (lost: (record: CloudTrailRecord) => boolean): Disorder =>
  (records) =>
    records.filter((record) => !lost(record));

/** Returns a disorder that applies the given ones from first to last. */
export const inSequence =
  (...disorders: readonly Disorder[]): Disorder =>
  (records) =>
    disorders.reduce((remaining, disorder) => disorder(remaining), records);
