import * as z from "zod";
import { Actor } from "./actor.ts";
import { Evidence } from "./evidence.ts";
import { Instant } from "./instant.ts";
import { RoleKey } from "./role.ts";
import { Sessions } from "./sessions.ts";
import { Severity } from "./severity.ts";

/** The state of a finding. */
export const FindingState = z.enum(["open", "suppressed", "resolved"]);
export type FindingState = z.infer<typeof FindingState>;

/** A call that CloudTrail recorded, by which somebody caused a finding. */
export const Origin = z
  .object({
    /** CloudTrail's event id. */
    changeId: z.string(),
    /** Service and call: `iam:DetachRolePolicy`. */
    call: z.string(),
    at: Instant,
    region: z.string(),
  })
  .readonly();
export type Origin = z.infer<typeof Origin>;

const body = {
  /** Hash of account, role, part and side (or kind, if it is no drift): the same drift is the same finding. */
  id: z.string(),
  role: RoleKey,
  /** The role's ARN as last read. Roles of one name can have any path, in any partition. */
  arn: z.string().exactOptional(),
  /** The role's unique id (`AROA…`) as last read: a role that was made anew has another. */
  roleId: z.string().exactOptional(),
  /** Name of the reference that the role was compared with; left out if no reference has that name. */
  reference: z.string().exactOptional(),
  /** The reference's source: the title of a page or a description, and the date on which it was read. */
  referenceSource: z.object({ title: z.string(), date: z.string() }).readonly().exactOptional(),
  /** The part as the reference has it, as text; left out if the reference has no such part. Bounded. */
  expected: z.string().exactOptional(),
  /** The part as it was last read, as text; left out if the role has none, or it could not be read. Bounded. */
  found: z.string().exactOptional(),
  evidence: Evidence,
  severity: Severity,
  /** The actor who caused the evidence, or the last of it, if known; a trusted actor stays named. */
  causedBy: Actor.exactOptional(),
  /** The call by which `causedBy` did so, as CloudTrail recorded it. */
  origin: Origin.exactOptional(),
  /**
   * Set if CloudTrail was searched for who caused the evidence, and showed nobody: when it was searched, and the time from
   * which on. Left out once `causedBy` is known.
   */
  unattributed: z.object({ at: Instant, since: Instant }).readonly().exactOptional(),
  /** Sessions of the role that were issued while its trust policy was too wide; left out if nobody looked. */
  sessions: Sessions.exactOptional(),
  /** The last rollback of this finding that people were told of, and when it ended. */
  rollback: z
    .object({
      id: z.string(),
      endedAt: Instant,
      /** Whether it undid the drift. */
      undone: z.boolean(),
      /** Set once the drift was reported to have returned since then. */
      returned: z.literal(true).exactOptional(),
    })
    .readonly()
    .exactOptional(),
  /** When people were last told that another actor keeps setting the drift. */
  contestedAt: Instant.exactOptional(),
  /** The end of an exception of which people were warned last, and how many days before they were to be warned. */
  warned: z.object({ expires: Instant, days: z.number() }).readonly().exactOptional(),
  /** The number of the finding's transitions. */
  seq: z.number(),
  /** When it was first seen; it stays when the finding is opened again. Left out by items of older versions. */
  firstSeenAt: Instant.exactOptional(),
  /** When it was last seen, to within a day. */
  lastSeenAt: Instant.exactOptional(),
  /** When it was opened the last time. */
  openedAt: Instant,
  updatedAt: Instant,
  /** The uses of the role in AWS Batch, as short texts; left out if they were not read. Bounded. */
  usedBy: z.array(z.string()).readonly().exactOptional(),
  /** Failed jobs and blocked queues since then that this finding explains, the newest first. Bounded. */
  symptoms: z.array(z.string()).readonly().exactOptional(),
};

/** The first of the clean reads since; a finding resolves on a later one only (IAM is eventually consistent). */
const cleanSince = Instant.exactOptional();

/** A finding that needs an answer. */
const OpenFinding = z
  .object({
    ...body,
    state: z.literal("open"),
    cleanSince,
    /** Why the last rollback of this evidence was refused; reported once, not for every copy of an event. */
    refusal: z.string().exactOptional(),
    /** Set if that reason passes by itself: the sweep asks for the rollback again. */
    retry: z.literal(true).exactOptional(),
    /** Digest of what the last simulated rollback of this evidence would have done; reported once. */
    simulation: z.string().exactOptional(),
  })
  .readonly();
export type OpenFinding = z.infer<typeof OpenFinding>;

/** A finding that an exception covers. */
const SuppressedFinding = z.object({ ...body, state: z.literal("suppressed"), cleanSince }).readonly();

const ResolvedFinding = z.object({ ...body, state: z.literal("resolved") }).readonly();

/**
 * Something about one role that is wrong, unsure or worth knowing, with an identity that outlives one evaluation. Parsing
 * and encoding leave out the fields of another state.
 */
export const Finding = z.discriminatedUnion("state", [OpenFinding, SuppressedFinding, ResolvedFinding]);
export type Finding =
  | OpenFinding
  | (z.infer<typeof SuppressedFinding> & Without<"refusal" | "retry" | "simulation">)
  | (z.infer<typeof ResolvedFinding> & Without<"cleanSince" | "refusal" | "retry" | "simulation">);

// TypeScript ignores additional fields in a spread, so the fields of another state are forbidden by name.
type Without<Field extends keyof OpenFinding> = { readonly [Name in Field]?: never };

/** The fields that a finding has in every state. */
export type FindingBody = Omit<OpenFinding, "state" | "cleanSince" | "refusal" | "retry" | "simulation"> &
  Without<"cleanSince" | "refusal" | "retry" | "simulation">;

/** Returns a finding's fields without those of its state, to be given another state. */
export function bodyOf(finding: Finding): FindingBody {
  switch (finding.state) {
    case "open": {
      const { state, cleanSince: since, refusal, retry, simulation, ...rest } = finding;
      return rest;
    }
    case "suppressed": {
      const { state, cleanSince: since, ...rest } = finding;
      return rest;
    }
    case "resolved": {
      const { state, ...rest } = finding;
      return rest;
    }
  }
}

/** The first of the clean reads since the finding's drift was last seen; undefined if there was none, or it is resolved. */
export function cleanSinceOf(finding: Finding): Instant | undefined {
  return finding.state === "resolved" ? undefined : finding.cleanSince;
}
