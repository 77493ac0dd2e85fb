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

/** What a role should be. */
export const Reference = z
  .object({
    role: z.string(),
    /** Set for a service-linked role: its service principal. IAM keeps such a role; nobody else may write it. */
    serviceLinked: z.string().exactOptional(),
    /** The only path that the role may have; any path where left out (2.8). */
    path: z.string().exactOptional(),
    source: Provenance,
    trust: document,
    attachments: z.array(Attachment).readonly(),
    /** Grants that may be there beside the attachments' own (R39, R45, R46), as one document; none where left out. */
    allowed: z.object({ document, source: Provenance }).readonly().exactOptional(),
    /** A boundary cuts what the role needs; `any` leaves it to the owner. */
    boundary: z.enum(["none", "any"]),
  })
  .readonly();
export type Reference = z.infer<typeof Reference>;
