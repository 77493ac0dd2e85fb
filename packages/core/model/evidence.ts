import * as z from "zod";
import { Actor } from "./actor.ts";
import { Grant } from "./grant.ts";
import { Instant } from "./instant.ts";
import { NoteTopic } from "./note-topic.ts";
import { Part, partOf } from "./part.ts";

// A call is about the whole role, whatever part it was to write.
const RolePart = z.codec(z.literal("role"), Part.out, { decode: partOf, encode: () => "role" as const });

const grants = z.array(Grant).readonly();
// Change ids of the calls before the last, newest first and bounded: a copy of an old event is not a new call.
const earlier = z.array(z.string()).readonly();

/**
 * On which side of the reference a role stands: it gives more, gives less, or differs where there are no grants to tell.
 *
 * A Deny that was added takes away, and so is told on the side `missing`; one that was removed, on the side `excess`.
 */
export const DriftSide = z.enum(["excess", "missing", "altered"]);
export type DriftSide = z.infer<typeof DriftSide>;

/** One difference between a role and its reference, at one part and on one side. */
export const Drift = z
  .object({
    kind: z.literal("drift"),
    part: Part,
    side: DriftSide,
    /** What is allowed beyond the reference (`excess`), or no more (`missing`). */
    grants,
    /** Deny statements that differ. Read them with `deniesAdded` and `deniesRemoved`, which say the direction. */
    denies: grants,
    /** One sentence that says the difference where grants do not: an absent role, another boundary. */
    detail: z.string().exactOptional(),
    /** Of grants that job definitions need: the smallest inline policy that gives them, as JSON text. */
    cure: z.string().exactOptional(),
  })
  .readonly()
  .meta({ id: "Drift" });
export type Drift = z.infer<typeof Drift>;

/** The Deny statements that the role has and its reference does not. */
export function deniesAdded({ side, denies }: Pick<Drift, "side" | "denies">): readonly Grant[] {
  return side === "missing" ? denies : [];
}

/** The Deny statements that the reference has and the role does not. */
export function deniesRemoved({ side, denies }: Pick<Drift, "side" | "denies">): readonly Grant[] {
  return side === "excess" ? denies : [];
}

/** A part that could not be compared or read: never taken for clean. */
export const Undecided = z
  .object({ kind: z.literal("undecided"), part: Part, reasons: z.array(z.string()).readonly() })
  .readonly()
  .meta({ id: "Undecided" });
export type Undecided = z.infer<typeof Undecided>;

/** AWS's own newer version of a managed policy (R40): information, not drift. */
export const VendorChange = z
  .object({
    kind: z.literal("vendor-change"),
    part: Part,
    /** The live default version's id, such as `v13`. */
    version: z.string(),
    /** The version's id in the reference. */
    since: z.string().exactOptional(),
    added: grants,
    removed: grants,
  })
  .readonly()
  .meta({ id: "VendorChange" });
export type VendorChange = z.infer<typeof VendorChange>;

/** Something about how AWS Batch uses a role that is no difference from its reference: nothing of it is put back. */
export const Note = z
  .object({
    kind: z.literal("note"),
    part: Part,
    topic: NoteTopic,
    /** Whole sentences, what to do among them. */
    details: z.array(z.string()).readonly(),
    grants,
    /** When it was done, where the note is about a call; an older call says nothing new. */
    at: Instant.exactOptional(),
  })
  .readonly()
  .meta({ id: "Note" });
export type Note = z.infer<typeof Note>;

/** A call against a guarded role that IAM refused. */
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
  })
  .readonly()
  .meta({ id: "Attempt" });
export type Attempt = z.infer<typeof Attempt>;

/** A call by the guard's own rollback role that no recorded rollback made: somebody else holds its credentials. */
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

/** What a finding rests on. */
export const Evidence = z.discriminatedUnion("kind", [
  Drift,
  Undecided,
  VendorChange,
  Note,
  Attempt,
  Impersonation,
]);
export type Evidence = z.infer<typeof Evidence>;

/** What evaluating a role against its reference can give; the other kinds of evidence come from changes. */
export type Assessment = Drift | Undecided | VendorChange | Note;
