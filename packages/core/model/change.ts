import * as z from "zod";
import { Actor } from "./actor.ts";
import { Instant } from "./instant.ts";
import { Part } from "./part.ts";
import { RegionName } from "./region-name.ts";

/** What a call changed. The roles that use a policy, profile, environment or definition must be read. */
export const Subject = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("role"), name: z.string() }).readonly(),
  z.object({ kind: z.literal("policy"), arn: z.string() }).readonly(),
  z.object({ kind: z.literal("profile"), name: z.string() }).readonly(),
  z.object({ kind: z.literal("compute-environment"), name: z.string() }).readonly(),
  z.object({ kind: z.literal("job-definition"), name: z.string() }).readonly(),
]);
export type Subject = z.infer<typeof Subject>;

const error = { code: z.string(), message: z.string().exactOptional() };

/**
 * Whether AWS carried out the call. `refused`: AWS denied it, which is reported as an attempt. `failed`: it failed for
 * another reason, such as throttling, and denied nobody anything. A call that AWS did not carry out changed nothing; after
 * a fault of the service (`mayHaveChanged`), AWS may have carried it out all the same.
 */
export const Outcome = z.discriminatedUnion("status", [
  z.object({ status: z.literal("succeeded") }).readonly(),
  z.object({ status: z.literal("refused"), ...error }).readonly(),
  z
    .object({ status: z.literal("failed"), ...error, mayHaveChanged: z.literal(true).exactOptional() })
    .readonly(),
]);
export type Outcome = z.infer<typeof Outcome>;

/** One CloudTrail record, reduced to its subjects, its actor, its place and time, and its outcome. */
export const Change = z
  .object({
    /** CloudTrail's `eventID`: the same for every copy of the record. */
    id: z.string(),
    at: Instant,
    account: z.string(),
    region: z.string(),
    /** Service and call: `iam:DetachRolePolicy`. */
    call: z.string(),
    actor: Actor,
    outcome: Outcome,
    /** Empty if AWS may have carried out the call and its record names no target (`mayConcernEveryRole`). */
    subjects: z.array(Subject).readonly(),
    requestId: z.string().exactOptional(),
    /** The part of the role that the call writes, if its record shows it. */
    writes: Part.exactOptional(),
    /** Digest of the call's parameters (`digestCall`), if it is one that a rollback makes and its record shows them. */
    callDigest: z.string().exactOptional(),
    /** Id of the task that deletes a service-linked role; set by the call that starts it. */
    deletionTask: z.string().exactOptional(),
    /** The description and the tags that the call names: all that can be edited of a service-linked role (R20). */
    edits: z.array(Part).readonly().exactOptional(),
  })
  .readonly();
export type Change = z.infer<typeof Change>;

/** Whether AWS carried out a call, or may have done so before a fault of the service. */
export function mayHaveChanged(outcome: Outcome): boolean {
  return outcome.status === "succeeded" || (outcome.status === "failed" && outcome.mayHaveChanged === true);
}

/**
 * Whether a change may concern every watched role: AWS may have carried out its call, and its record does not name the target. CloudTrail
 * omits the parameters of a large request (docs/aws-facts.md, "CloudTrail records").
 */
export function mayConcernEveryRole({ outcome, subjects }: Pick<Change, "outcome" | "subjects">): boolean {
  return mayHaveChanged(outcome) && subjects.length === 0;
}

/** Names a change that the guard keeps (`ChangeStore`), so that nobody can replace it by another. */
export interface ChangeName {
  /** The change's id. */
  readonly id: string;
  /**
   * SHA-256 of the change as it was kept, 64 hex digits. Messages of versions before this field have none, and their change is
   * believed: only the guard's functions may send to their queue, and the change may be a call by a thief of its credentials.
   */
  readonly digest?: string;
}

/** A request to read a role again, some time after a change. */
export interface RoleRecheck {
  /** The role's name. */
  readonly role: string;
  /** The change that caused the first read; left out if a sweep or a read of every role did. */
  readonly change?: ChangeName;
  /** When the first of these reads was due; left out by the request for it. Rechecks end a day later. */
  readonly began?: Instant;
  /** A person decided about a finding of the role: it is read, even if another recheck just did so. */
  readonly decided?: true;
}

/** A request to read every watched role, and AWS Batch where `region` is set. */
export interface FullReadRequest {
  /** `first`: changes wait for this read. `again`: the read that follows a first one, because IAM is eventually consistent. */
  readonly everyRole: "first" | "again";
  /** The request is met by any read with the same `region` that began at this time or later. */
  readonly since: Instant;
  /** The Region whose AWS Batch is read first, because the call was made there; left out for a call to IAM. */
  readonly region?: string;
}

/** A request to read a role, or every watched role, later. */
export type Recheck = RoleRecheck | FullReadRequest;

const RoleRecheckMessage = z.object({
  recheck: z.string().regex(/^[\w+=,.@-]{1,64}$/),
  changeId: z.string().max(128).exactOptional(),
  changeDigest: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .exactOptional(),
  began: Instant.exactOptional(),
  decided: z.literal(true).exactOptional(),
});
const FullReadMessage = z.object({
  everyRole: z.enum(["first", "again"]),
  since: Instant,
  region: RegionName.exactOptional(),
});

/**
 * A recheck as a message of the changes queue: `{"recheck": ROLE, "changeId": ID, "changeDigest": DIGEST, "began": TIME}`,
 * or `{"everyRole": "first", "since": TIME}`.
 */
export const RecheckMessage = z.codec(z.union([RoleRecheckMessage, FullReadMessage]), z.custom<Recheck>(), {
  decode: (message): Recheck => {
    if ("everyRole" in message) return message;
    const { recheck, changeId: id, changeDigest: digest, ...rest } = message;
    const change = id !== undefined && { change: { id, ...(digest !== undefined && { digest }) } };
    return { role: recheck, ...change, ...rest };
  },
  encode: (request) => {
    if ("everyRole" in request) return request;
    const { role, change, ...rest } = request;
    const named = change && {
      changeId: change.id,
      ...(change.digest !== undefined && { changeDigest: change.digest }),
    };
    return { recheck: role, ...named, ...rest };
  },
});
