import * as z from "zod";
import { Actor } from "./actor.ts";
import { Instant } from "./instant.ts";
import { Part } from "./part.ts";

/** What a call changed. The roles that use a policy, profile, environment or definition must be read. */
export const Subject = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("role"), name: z.string() }).readonly(),
  z.object({ kind: z.literal("policy"), arn: z.string() }).readonly(),
  z.object({ kind: z.literal("profile"), name: z.string() }).readonly(),
  z.object({ kind: z.literal("compute-environment"), name: z.string() }).readonly(),
  z.object({ kind: z.literal("job-definition"), name: z.string() }).readonly(),
]);
export type Subject = z.infer<typeof Subject>;

/** Whether AWS carried out the call. A refused call changed nothing; it is reported as an attempt. */
export const Outcome = z.discriminatedUnion("status", [
  z.object({ status: z.literal("succeeded") }).readonly(),
  z
    .object({ status: z.literal("refused"), code: z.string(), message: z.string().exactOptional() })
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
    subjects: z.array(Subject).readonly(),
    requestId: z.string().exactOptional(),
    /** The part of the role that the call writes, if its record shows it. */
    writes: Part.exactOptional(),
    /** Id of the task that deletes a service-linked role; set by the call that starts it. */
    deletionTask: z.string().exactOptional(),
    /** The editable parts of a service-linked role that the call names (R20). */
    edits: z.array(Part).readonly().exactOptional(),
  })
  .readonly();
export type Change = z.infer<typeof Change>;

/** A request to read a role again, some time after a change. */
export interface Recheck {
  /** The role's name. */
  readonly role: string;
  /** The change that caused the first read; left out if a sweep did. */
  readonly after?: Change;
}

/** A recheck as a message of the changes queue: `{"recheck": ROLE, "after": CHANGE}`. */
export const RecheckMessage = z.codec(
  z.object({ recheck: z.string(), after: Change.exactOptional() }),
  z.custom<Recheck>(),
  {
    decode: ({ recheck, ...rest }) => ({ role: recheck, ...rest }),
    encode: ({ role, ...rest }) => ({ recheck: role, ...rest }),
  },
);
