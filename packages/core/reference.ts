import * as z from "zod";

/** Where a fact comes from, and of which day it is. */
export const Provenance = z
  .object({ title: z.string(), url: z.string().exactOptional(), date: z.iso.date() })
  .readonly();
export type Provenance = z.infer<typeof Provenance>;

// A document stands in the data as an object, and is compared as text.
const document = z.record(z.string(), z.unknown()).transform((object) => JSON.stringify(object));

/** A managed policy that must be attached (R5, R40), with its document as of the source's date. */
export const Attachment = z
  .object({
    /** With `aws` as the partition; another partition's role has its own. */
    arn: z.string(),
    /** The version id that the document had, for people; never compared (platform-facts 1). */
    version: z.string(),
    document,
    source: Provenance,
  })
  .readonly();
export type Attachment = z.infer<typeof Attachment>;

/** A document of grants, and where it stands. */
const Sourced = z.object({ document, source: Provenance }).readonly();

/** How strict a reference is, part by part. The guide's own strictness is the default (R5, R9, R40). */
export const Strictness = z
  .object({
    /** `exact`: no more and no less; `floor`: more may be trusted; `off`: not compared. */
    trust: z.enum(["exact", "floor", "off"]),
    attachments: z.enum(["required", "off"]),
    /** Whether the floor's grants must be there, whichever policy gives them. */
    floor: z.enum(["required", "off"]),
    /** `closed`: grants beyond the attachments, the floor and what is allowed are excess. */
    ceiling: z.enum(["closed", "open"]),
  })
  .readonly();
export type Strictness = z.infer<typeof Strictness>;

/** A managed policy that was right once, and must not be attached any more (2.2). */
export const RetiredPolicy = z.object({ arn: z.string(), why: z.string(), source: Provenance }).readonly();
export type RetiredPolicy = z.infer<typeof RetiredPolicy>;

/** What a role should be. */
export const Reference = z
  .object({
    role: z.string(),
    /** One sentence: what the role is for. */
    purpose: z.string().exactOptional(),
    /** Set for a service-linked role: its service principal. IAM keeps such a role; nobody else may write it. */
    serviceLinked: z.string().exactOptional(),
    /** The only path that the role may have; any path where left out (2.8). */
    path: z.string().exactOptional(),
    source: Provenance,
    trust: document,
    attachments: z.array(Attachment).readonly(),
    /** Grants that must be there, whichever policy gives them; none where left out. */
    floor: Sourced.exactOptional(),
    /** Grants that may be there beside the attachments' own (R39, R45, R46); none where left out. */
    allowed: Sourced.exactOptional(),
    retired: z.array(RetiredPolicy).readonly().default([]),
    /** The instance profile that must hold the role (2.1). */
    profile: z.string().exactOptional(),
    /** A boundary cuts what the role needs; `any` leaves it to the owner. */
    boundary: z.enum(["none", "any"]),
    strictness: Strictness.default({
      trust: "exact",
      attachments: "required",
      floor: "required",
      ceiling: "closed",
    }),
  })
  .readonly();
export type Reference = z.infer<typeof Reference>;
/** A reference as it is written: documents as objects, defaults left out. */
export type ReferenceInput = z.input<typeof Reference>;
