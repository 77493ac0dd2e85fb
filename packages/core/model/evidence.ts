import * as z from "zod";
import { Actor } from "./actor.ts";
import { Fix } from "./fix.ts";
import { Grant } from "./grant.ts";
import { Instant } from "./instant.ts";
import { NoteTopic } from "./note-topic.ts";
import { Part, partOf } from "./part.ts";

// A call concerns the whole role, whichever part it writes.
const RolePart = z.codec(z.literal("role"), Part.out, { decode: partOf, encode: () => "role" as const });

const grants = z.array(Grant).readonly();
// Ids of the earlier calls, newest first, bounded: a late copy of an event is not a new call.
const earlier = z.array(z.string()).readonly();

/** What of the evidence is not stored because it is too large (`core/model/evidence-limit.ts`); left out if all is. */
const omitted = z
  .object({
    /** The number of grants, reasons or sentences that are left out. */
    entries: z.number(),
    /** Digest of the whole evidence (`digestEvidence`). */
    digest: z.string(),
  })
  .readonly()
  .exactOptional();

/**
 * How a role differs from its reference: it allows more (`excess`), allows less (`missing`), or differs in something that
 * is no grant (`altered`). An added Deny allows less, so it is `missing`; a removed Deny is `excess`.
 */
export const DriftSide = z.enum(["excess", "missing", "altered"]);
export type DriftSide = z.infer<typeof DriftSide>;

/** One difference between a role and its reference, at one part and on one side. */
export const Drift = z
  .object({
    kind: z.literal("drift"),
    part: Part,
    side: DriftSide,
    /**
     * Grants that the role has beyond its reference (`excess`), or that it lacks (`missing`). Of another boundary
     * (`altered`): those that it lets through and the required boundary blocks.
     */
    grants,
    /** Deny statements that differ. Read them with `deniesAdded` and `deniesRemoved`, which say the direction. */
    denies: grants,
    /** Of an edited boundary: the ARN of the managed policy that is the boundary; who edits that causes the drift. */
    policyArn: z.string().exactOptional(),
    /** One sentence about a difference that grants do not show, such as an absent role or another boundary. */
    detail: z.string().exactOptional(),
    /**
     * The inline policy that allows all that job definitions need and other policies of the role do not, as JSON text: the
     * whole policy `needsPolicyName`, with what it holds today.
     */
    cure: z.string().exactOptional(),
    /** Set if the grants complete a known path of privilege escalation, given everything else that the role may do. */
    escalates: z.literal(true).exactOptional(),
    /**
     * Set if the difference has no effect: the role still may do everything that its reference requires at this part, or
     * what it has beyond its reference allows nothing any more.
     */
    harmless: z.literal(true).exactOptional(),
    /** How a person fixes it; left out if no fix was tried. */
    fix: Fix.exactOptional(),
    omitted,
    /**
     * Set if grants or Denies are left out because exceptions cover them. `digest` is that of the whole evidence
     * (`digestEvidence`).
     */
    covered: z.object({ digest: z.string() }).readonly().exactOptional(),
  })
  .readonly()
  .meta({ id: "Drift" });
export type Drift = z.infer<typeof Drift>;

/** Returns the Deny statements that the role has and its reference does not. */
export function deniesAdded({ side, denies }: Pick<Drift, "side" | "denies">): readonly Grant[] {
  return side === "missing" ? denies : [];
}

/** Returns the Deny statements that the reference has and the role does not. */
export function deniesRemoved({ side, denies }: Pick<Drift, "side" | "denies">): readonly Grant[] {
  return side === "excess" ? denies : [];
}

/** A part that could not be read or compared. It is never treated as clean. */
export const Undecided = z
  .object({ kind: z.literal("undecided"), part: Part, reasons: z.array(z.string()).readonly(), omitted })
  .readonly()
  .meta({ id: "Undecided" });
export type Undecided = z.infer<typeof Undecided>;

/** Another version of a managed policy, published by AWS (R40). It is information, not drift. */
export const VendorChange = z
  .object({
    kind: z.literal("vendor-change"),
    part: Part,
    /** Id of the live default version, such as `v13`. */
    version: z.string(),
    /** Id of the version before it that the reference knows; left out if the ids do not compare, as in another partition. */
    since: z.string().exactOptional(),
    /** What no version that the reference knows allows. */
    added: grants,
    /** What the reference's version allows and this one does not. */
    removed: grants,
    /** Set if no other policy of the role allows all of `removed`, so that the role lost what it needs. */
    lost: z.literal(true).exactOptional(),
    omitted,
  })
  .readonly()
  .meta({ id: "VendorChange" });
export type VendorChange = z.infer<typeof VendorChange>;

/** An observation about a role that is no difference from its reference, so that no rollback concerns it. */
export const Note = z
  .object({
    kind: z.literal("note"),
    part: Part,
    topic: NoteTopic,
    /** Whole sentences, including what to do. */
    details: z.array(z.string()).readonly(),
    grants,
    /** The time of the call that the note is about, if any. A note about an earlier call changes nothing. */
    at: Instant.exactOptional(),
    omitted,
  })
  .readonly()
  .meta({ id: "Note" });
export type Note = z.infer<typeof Note>;

/** A call on a watched role that IAM refused. */
export const Attempt = z
  .object({
    kind: z.literal("attempt"),
    part: RolePart,
    call: z.string(),
    actor: Actor,
    at: Instant,
    /** IAM's error code and message. */
    code: z.string(),
    message: z.string().exactOptional(),
    changeId: z.string(),
    earlier,
    /**
     * The refused calls of each caller (`nameActor`) without an hour's pause, the latest caller first; left out while there
     * is one call. Bounded.
     */
    callers: z
      .array(
        z
          .object({
            caller: z.string(),
            calls: z.number(),
            firstAt: Instant,
            lastAt: Instant,
            /** Which calls they were, such as `iam:DetachRolePolicy`, each once, the latest first; left out by older versions. */
            names: z.array(z.string()).readonly().exactOptional(),
          })
          .readonly(),
      )
      .readonly()
      .exactOptional(),
  })
  .readonly()
  .meta({ id: "Attempt" });
export type Attempt = z.infer<typeof Attempt>;

/** A call by the guard's rollback role that no recorded rollback made: someone else has its credentials. */
export const Impersonation = z
  .object({
    kind: z.literal("impersonation"),
    part: RolePart,
    call: z.string(),
    actor: Actor,
    at: Instant,
    changeId: z.string(),
    earlier,
  })
  .readonly()
  .meta({ id: "Impersonation" });
export type Impersonation = z.infer<typeof Impersonation>;

/** The reason for a finding. */
export const Evidence = z.discriminatedUnion("kind", [
  Drift,
  Undecided,
  VendorChange,
  Note,
  Attempt,
  Impersonation,
]);
export type Evidence = z.infer<typeof Evidence>;

/** Evidence from comparing a role with its reference. The other kinds come from changes. */
export type Assessment = Drift | Undecided | VendorChange | Note;
