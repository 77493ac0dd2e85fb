import * as z from "zod";
import { Actor } from "./actor.ts";
import { EndingException } from "./exception.ts";
import { Finding } from "./finding.ts";
import { Instant } from "./instant.ts";
import { Step } from "./plan.ts";

/** What happened to a finding. */
export const TransitionKind = z.enum([
  "opened",
  "worsened",
  /** The finding is open, and less of it is left. */
  "improved",
  /** It became known who caused the finding. */
  "attributed",
  /** CloudTrail shows sessions of the role that were issued while its trust policy was too wide. */
  "sessions-found",
  "suppressed",
  /** An exception that covers the finding, or a part of it, ends within days. */
  "expiring",
  "approved",
  "rolled-back",
  "refused",
  "resolved",
  "reopened",
  /** The drift was rolled back and is there again. */
  "recurred",
  /** The drift keeps returning, so its rollbacks pause. */
  "contested",
  /** What a rollback would have done, in the mode `simulate`. */
  "simulated",
  /** A person closed the finding. */
  "closed",
]);
export type TransitionKind = z.infer<typeof TransitionKind>;

/** The kinds that request a rollback. The configuration and the control decide whether there is one. */
export const rollbackKinds: readonly TransitionKind[] = [
  "opened",
  "worsened",
  "reopened",
  "approved",
  "recurred",
];

/** The note of a suppressed finding that opened again, though no exception of it has ended. */
export const noException = "No exception that counts covers it any more.";

/** `source` and `detail-type` of the event on the guard's own bus that carries a transition. */
export const transitionEvent = { source: "drift-guard", detailType: "Transition" } as const;

/** What caused a transition: the event, recheck or sweep that led to a read, or a rollback. */
export const Cause = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("change"), changeId: z.string(), call: z.string(), at: Instant }).readonly(),
  z.object({ kind: z.literal("recheck") }).readonly(),
  /** `first`: a sweep of a new deployment of which people get one report. */
  z.object({ kind: z.literal("sweep"), first: z.literal(true).exactOptional() }).readonly(),
  /** A search in CloudTrail's event history. */
  z.object({ kind: z.literal("lookup") }).readonly(),
  z
    .object({
      kind: z.literal("symptom"),
      /** EventBridge's id of AWS Batch's own event. */
      eventId: z.string(),
      at: Instant,
      /** Such as `job nightly FAILED`. */
      what: z.string(),
      /** The reason that AWS Batch gives. */
      reason: z.string(),
    })
    .readonly(),
  z
    .object({
      kind: z.literal("rollback"),
      /** Left out if no rollback started: a decision about one was the cause. */
      rollbackId: z.string().exactOptional(),
    })
    .readonly(),
]);
export type Cause = z.infer<typeof Cause>;

/** The note of a finding that resolved because its role was deleted. */
export const roleGone = "The role does not exist any more.";
/** The note of a finding that resolved because neither the configuration nor AWS Batch leads to its role any more. */
export const roleReleased = "The guard does not watch the role any more.";

/** An immutable record of a change to a finding. It is delivered at least once, each time with the same id. */
export const Transition = z
  .object({
    schema: z.literal(1),
    /** `findingId#seq`. */
    id: z.string(),
    kind: TransitionKind,
    at: Instant,
    cause: Cause,
    /** The actor who caused it, if known. */
    actor: Actor.exactOptional(),
    /** For people: why a rollback was refused, or what it changed. */
    note: z.string().exactOptional(),
    /** The exception that ends soon (`expiring`), or whose end opened the finding again (`reopened`, `worsened`). */
    exception: EndingException.exactOptional(),
    /** The calls that a rollback would make, the first ones if they are many; only in the kind `simulated`. */
    steps: z.array(Step).readonly().exactOptional(),
    /** The finding after the transition. */
    finding: Finding,
  })
  .readonly();
export type Transition = Omit<z.infer<typeof Transition>, "finding"> & { readonly finding: Finding };
