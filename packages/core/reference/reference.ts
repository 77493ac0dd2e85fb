import { parsePolicy } from "@drift-guard/policy/parse";
import { PolicySyntaxError } from "@drift-guard/policy/syntax-error";
import * as z from "zod";
import { ConfigError } from "../errors.ts";

/** Where a fact comes from, and of which day it is. */
export const Provenance = z
  .strictObject({
    title: z.string(),
    url: z.string().exactOptional(),
    date: z.iso.date(),
    /** What is not certain about it, in a sentence. */
    note: z.string().exactOptional(),
  })
  .readonly();
export type Provenance = z.infer<typeof Provenance>;

// A document stands in the data as an object, and is compared as text.
const document = z
  .union([z.string(), z.record(z.string(), z.unknown())])
  .transform((written) => (typeof written === "string" ? written : JSON.stringify(written)))
  .superRefine((text, context) => {
    try {
      parsePolicy(text);
    } catch (error) {
      if (!(error instanceof PolicySyntaxError)) throw error;
      context.addIssue({ code: "custom", message: error.message });
    }
  });

/** A managed policy that must be attached (R5, R40), with its document as of the source's date. */
export const Attachment = z
  .strictObject({
    /** With `aws` as the partition; another partition's role has its own. */
    arn: z.string().regex(
      // It becomes part of a permission, where * ? and ${ stand for other text than themselves.
      /^arn:[\w-]+:iam::(?:aws|\d{12}):policy\/(?:[\x21-\x23\x25-\x29\x2b-\x3e\x40-\x7e]+\/)?[\w+=,.@-]{1,128}$/,
      "must be a policy's ARN, without *, ? and $",
    ),
    /** The version id that the document had, for people; never compared (platform-facts 1). */
    version: z.string(),
    document,
    source: Provenance,
  })
  .readonly();
export type Attachment = z.infer<typeof Attachment>;

/** A document of grants, and where it stands. */
const Sourced = z.strictObject({ document, source: Provenance }).readonly();

/** How strict a reference is, part by part. The guide's own strictness is the default (R5, R9, R40). */
export const Strictness = z
  .strictObject({
    /** `exact`: no more and no less; `floor`: more may be trusted; `off`: not compared. */
    trust: z.enum(["exact", "floor", "off"]),
    /** `off`: the attachments' grants are part of the floor, whichever policy gives them. */
    attachments: z.enum(["required", "off"]),
    /** Whether the floor's grants must be there, whichever policy gives them. */
    floor: z.enum(["required", "off"]),
    /** `closed`: grants beyond the attachments, the floor and what is allowed are excess. */
    ceiling: z.enum(["closed", "open"]),
  })
  .readonly();
export type Strictness = z.infer<typeof Strictness>;

const usualStrictness: Strictness = {
  trust: "exact",
  attachments: "required",
  floor: "required",
  ceiling: "closed",
};

/** A managed policy that was right once, and must not be attached any more (2.2). */
export const RetiredPolicy = z
  .strictObject({ arn: z.string(), why: z.string(), source: Provenance })
  .readonly();
export type RetiredPolicy = z.infer<typeof RetiredPolicy>;

/** What a role should be. */
export const Reference = z
  .strictObject({
    /** The role's name, or the reference's own where the role may have any. */
    role: z.string().regex(/^[\w+=,.@-]{1,64}$/, "must be a role name"),
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
    /** The instance profile that must hold the role (2.1); the reference's own name stands for the role's name. */
    profile: z.string().exactOptional(),
    /** A boundary cuts what the role needs; `any` leaves it to the owner. */
    boundary: z.enum(["none", "any"]),
    strictness: Strictness.default(usualStrictness),
  })
  .readonly();
export type Reference = z.infer<typeof Reference>;
/** A reference as it is written: documents as objects, defaults left out. */
export type ReferenceInput = z.input<typeof Reference>;

/** Reads a reference as it is written, such as a JSON file's content; throws `ConfigError` that names the path. */
export function defineReference(written: object, source = "The reference"): Reference {
  const { $schema: _, ...fields }: { readonly $schema?: unknown } = written;
  const parsed = Reference.safeParse(fields);
  if (parsed.success) return parsed.data;
  throw new ConfigError(`${source} is not valid.\n${z.prettifyError(parsed.error)}`, { cause: parsed.error });
}

/** A reference as it is written to a file: documents as objects, what is as by default left out. */
export function formatReference(reference: Reference): string {
  return `${JSON.stringify(describeReference(reference), undefined, 2)}\n`;
}

function describeReference(reference: Reference): object {
  const { trust, attachments, floor, allowed, retired, profile, boundary, strictness, ...head } = reference;
  const isUsual = JSON.stringify(strictness) === JSON.stringify(usualStrictness);
  return {
    ...head,
    trust: JSON.parse(trust),
    attachments: attachments.map((attachment) => ({
      ...attachment,
      document: JSON.parse(attachment.document),
    })),
    ...(floor && { floor: { ...floor, document: JSON.parse(floor.document) } }),
    ...(allowed && { allowed: { ...allowed, document: JSON.parse(allowed.document) } }),
    ...(retired.length > 0 && { retired }),
    ...(profile !== undefined && { profile }),
    boundary,
    ...(!isUsual && { strictness }),
  };
}
