import * as z from "zod";
import { Instant } from "./instant.ts";
import { TransitionRef } from "./notice-state.ts";
import { Severity } from "./severity.ts";

/** `source` and `detail-type` of the event on the guard's bus that asks for the first report to people. */
export const reportEvent = { source: "drift-guard", detailType: "Report" } as const;

/** What the first sweep of a new deployment found: people get this one report instead of a message for each finding. */
export const FirstReport = z
  .object({
    schema: z.literal(1),
    /** The same in every copy: `first-report-ACCOUNT`. */
    id: z.string(),
    /** 12 digits. */
    account: z.string(),
    at: Instant,
    /** Number of roles that were read. */
    roles: z.number(),
    /** Open findings by severity; severities without any are left out. */
    open: z.partialRecord(Severity, z.number()).readonly(),
    /** Number of findings that exceptions accept. */
    accepted: z.number(),
    /** The last transitions of the worst open findings, the worst first. Bounded. */
    worst: z.array(TransitionRef).readonly(),
    /** Regions whose AWS Batch could not be read. */
    unreadRegions: z.array(z.string()).readonly(),
    /** Set if no sweep was complete for so long that the report tells what is known: other roles were not read. */
    incomplete: z.literal(true).exactOptional(),
  })
  .readonly();
export type FirstReport = z.infer<typeof FirstReport>;

/**
 * What is stored of the first report: nothing but a version in a deployment that is too old for one. `covers`: by finding id,
 * the number of the last transition that the report tells; people are not told of these transitions again. Bounded: those
 * left out are told as others.
 */
export const ReportState = z
  .object({
    /** 0 if nothing is stored yet; every write adds one. */
    version: z.number(),
    report: FirstReport.exactOptional(),
    covers: z.record(z.string(), z.number()).readonly().exactOptional(),
    /** When the report was sent to people. */
    deliveredAt: Instant.exactOptional(),
  })
  .readonly();
export type ReportState = z.infer<typeof ReportState>;
