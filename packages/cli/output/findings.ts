import { DriftSide } from "@drift-guard/core/model/evidence";
import { Finding, FindingState } from "@drift-guard/core/model/finding";
import { Severity } from "@drift-guard/core/model/severity";
import { Transition, TransitionKind } from "@drift-guard/core/model/transition";
import * as z from "zod";
import { schemaVersion } from "./json.ts";

const from = {
  schema: schemaVersion,
  /** The findings file, or the stage of the deployed guard. */
  from: z.string(),
  exitCode: z.literal([0, 1, 2]),
};

/** One finding in a list. `findings show ID` has everything. */
export const FindingSummary = z
  .strictObject({
    id: z.string(),
    severity: Severity,
    state: FindingState,
    account: z.string(),
    role: z.string(),
    /** The part as text: `trust`, `managed:ARN`. */
    part: z.string(),
    /** The kind of its evidence, such as `drift`. */
    kind: z.string(),
    /** Of a drift. */
    side: DriftSide.exactOptional(),
    /** One line without a full stop. */
    title: z.string(),
    /** When it was opened the last time. */
    openedAt: z.string(),
    firstSeenAt: z.string().exactOptional(),
    lastSeenAt: z.string().exactOptional(),
    updatedAt: z.string(),
    /** Who caused it, as text, if known. */
    actor: z.string().exactOptional(),
  })
  .readonly();
export type FindingSummary = z.infer<typeof FindingSummary>;

/** What `findings list --json` prints. */
export const FindingsListOutput = z.strictObject({
  ...from,
  /** The number of stored findings in each state, whether or not they are listed. */
  counts: z.strictObject({ open: z.number(), suppressed: z.number(), resolved: z.number() }).readonly(),
  /** The worst first, then the newest. */
  findings: z.array(FindingSummary).readonly(),
});
export type FindingsListOutput = z.infer<typeof FindingsListOutput>;

/** One entry of a finding's history in short. */
const HistoryEntry = z
  .strictObject({
    id: z.string(),
    kind: TransitionKind,
    at: z.string(),
    /** The actor who caused it, as text, if known. */
    actor: z.string().exactOptional(),
    note: z.string().exactOptional(),
  })
  .readonly();

/** What `findings show --json` prints. */
export const FindingsShowOutput = z.strictObject({
  ...from,
  finding: Finding,
  title: z.string(),
  /** What it means, as sentences. */
  meaning: z.array(z.string()).readonly(),
  /** What the actor used, as the user agent of the call claims. */
  tool: z.string().exactOptional(),
  /** What the guard does about it (`kind` of docs/messages.md), and the same as sentences. */
  standing: z.strictObject({ kind: z.string(), sentences: z.array(z.string()).readonly() }).readonly(),
  /** Pages of the AWS console. */
  links: z.strictObject({ role: z.string().exactOptional(), event: z.string().exactOptional() }).readonly(),
  /** The oldest first. */
  history: z.array(HistoryEntry).readonly(),
  /** Commands to run next, each on one line. */
  commands: z.array(z.strictObject({ purpose: z.string(), command: z.string() }).readonly()).readonly(),
});
export type FindingsShowOutput = z.infer<typeof FindingsShowOutput>;

/** What `findings history --json` prints. */
export const FindingsHistoryOutput = z.strictObject({
  ...from,
  finding: z.string(),
  /** The oldest first; at most 400 days old. */
  transitions: z.array(Transition).readonly(),
});
export type FindingsHistoryOutput = z.infer<typeof FindingsHistoryOutput>;

/** One line that `findings export` prints. */
export const FindingsExportOutput = z.strictObject({ schema: schemaVersion, finding: Finding });
