import type { CloudTrailRecord } from "@drift-guard/core/intake/cloudtrail";

/** What becomes of records on their way to the bus. CloudTrail promises neither order nor exactly one copy. */
export type Disorder = (records: readonly CloudTrailRecord[]) => readonly CloudTrailRecord[];

/** Each record once, in the order of the calls. */
export const unchanged: Disorder = (records) => records;

/** Each record twice, one after the other. */
export const doubled: Disorder = (records) => records.flatMap((record) => [record, record]);

/** The last call first. */
export const reversed: Disorder = (records) => records.toReversed();

/** Without the records that `lost` picks. */
export const dropping =
  (lost: (record: CloudTrailRecord) => boolean): Disorder =>
  (records) =>
    records.filter((record) => !lost(record));

/** One disorder after the other. */
export const inSequence =
  (...disorders: readonly Disorder[]): Disorder =>
  (records) =>
    disorders.reduce((so, disorder) => disorder(so), records);
