import * as z from "zod";
import { Actor } from "./actor.ts";
import { Finding } from "./finding.ts";
import { Instant } from "./instant.ts";

/** What happened to a finding. */
export const TransitionKind = z.enum([
  "opened",
  "worsened",
  "suppressed",
  "approved",
  "rolled-back",
  "refused",
  "resolved",
  "reopened",
]);
export type TransitionKind = z.infer<typeof TransitionKind>;

/** The kinds that ask for a rollback; whether there is one is the configuration's and the control's to say. */
export const rollbackKinds: readonly TransitionKind[] = ["opened", "worsened", "reopened", "approved"];

/** `source` and `detail-type` of the event on the guard's own bus that carries a transition. */
export const transitionEvent = { source: "drift-guard", detailType: "Transition" } as const;

/** What made the guard look, or act. */
export const Cause = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("change"), changeId: z.string(), call: z.string(), at: Instant }).readonly(),
  z.object({ kind: z.literal("recheck") }).readonly(),
  z.object({ kind: z.literal("sweep") }).readonly(),
  z
    .object({
      kind: z.literal("symptom"),
      /** EventBridge's id of AWS Batch's own event. */
      eventId: z.string(),
      at: Instant,
      /** Such as `job nightly FAILED`. */
      what: z.string(),
      /** AWS Batch's words. */
      reason: z.string(),
    })
    .readonly(),
  z.object({ kind: z.literal("rollback"), rollbackId: z.string() }).readonly(),
]);
export type Cause = z.infer<typeof Cause>;

/** The note of a finding that resolved because its role is gone. */
export const roleGone = "The role does not exist any more.";

/** An immutable record of something that happened to a finding. Told at least once; every copy carries the same id. */
export const Transition = z
  .object({
    schema: z.literal(1),
    /** `findingId#seq`. */
    id: z.string(),
    kind: TransitionKind,
    at: Instant,
    cause: Cause,
    /** Who caused it, where that is known. */
    actor: Actor.exactOptional(),
    /** For a person: why it was refused, what was put back. */
    note: z.string().exactOptional(),
    /** The finding as it was after the transition. */
    finding: Finding,
  })
  .readonly();
export type Transition = z.infer<typeof Transition>;
