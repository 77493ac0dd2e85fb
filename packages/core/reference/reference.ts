import { parsePolicy } from "@drift-guard/policy/parse";
import { PolicySyntaxError } from "@drift-guard/policy/syntax-error";
import * as z from "zod";
import { ConfigError } from "../errors.ts";
import { formatIssues } from "../issues.ts";

/** The source of a fact, and the date on which it was read. */
export const Provenance = z
  .strictObject({
    title: z.string(),
    url: z.string().exactOptional(),
    date: z.iso.date(),
    /** One sentence about what is uncertain. */
    note: z.string().exactOptional(),
  })
  .readonly();
export type Provenance = z.infer<typeof Provenance>;

// Written as an object or as JSON text, and kept as text.
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

/** A version of a managed policy that AWS published, of which the project knows the date and the permissions. */
export const KnownVersion = z
  .strictObject({
    /** Such as `v13`. */
    id: z.string(),
    /** The day on which AWS published it, YYYY-MM-DD. */
    date: z.iso.date(),
    /** The permissions that it allows beyond the version before it; left out if none, or if they are not recorded. */
    adds: document.exactOptional(),
  })
  .readonly();
export type KnownVersion = z.infer<typeof KnownVersion>;

// It becomes part of a permission, in which *, ? and ${ are special. A pattern, since the JSON schema prints it.
const policyArn = z
  .string()
  .regex(
    /^arn:[\w-]+:iam::(?:aws|\d{12}):policy\/(?:[\x21-\x23\x25-\x29\x2b-\x3e\x40-\x7e]+\/)?[\w+=,.@-]{1,128}$/,
    "must be a policy's ARN, without *, ? and $",
  );

/** A managed policy that must be attached (R5, R40), with its document as of the source's date. */
export const Attachment = z
  .strictObject({
    /** In the partition `aws`; `localiseReference` rewrites it for others. */
    arn: policyArn,
    /** The document's version id. It says nothing of the content (docs/aws-facts.md, "Managed policies"). */
    version: z.string(),
    /** The partition whose version ids these are, as each partition numbers its versions; `aws` if left out. */
    partition: z.string().exactOptional(),
    /** AWS's versions that are known, oldest first: they are no news (T17). */
    versions: z.array(KnownVersion).readonly().exactOptional(),
    document,
    source: Provenance,
  })
  .readonly();
export type Attachment = z.infer<typeof Attachment>;

/** A policy document and its source. */
const Sourced = z.strictObject({ document, source: Provenance }).readonly();

/** How strictly each part is compared. The default is what the guide requires (R5, R9, R40). */
export const Strictness = z
  .strictObject({
    /** `exact`: equivalent to the reference; `floor`: more principals may be trusted; `off`: not compared. */
    trust: z.enum(["exact", "floor", "off"]),
    /** `required`: the policies must be attached; `off`: any policy may allow their grants, which join the floor. */
    attachments: z.enum(["required", "off"]),
    /** `required`: the policies of the role together must allow the floor's grants; `off`: not compared. */
    floor: z.enum(["required", "off"]),
    /** `closed`: grants beyond attachments, floor and allowed are excess; `open`: they are not. */
    ceiling: z.enum(["closed", "open"]),
    /** `closed`: tags that the reference does not list are drift; `listed`, the default: they are not compared. */
    tags: z.enum(["listed", "closed"]).exactOptional(),
  })
  .readonly();
export type Strictness = z.infer<typeof Strictness>;

const usualStrictness: Strictness = {
  trust: "exact",
  attachments: "required",
  floor: "required",
  ceiling: "closed",
};

/** A managed policy that was once recommended and must no longer be attached (2.2). */
export const RetiredPolicy = z
  .strictObject({ arn: z.string(), why: z.string(), source: Provenance })
  .readonly();
export type RetiredPolicy = z.infer<typeof RetiredPolicy>;

/** The managed policy that must be the permissions boundary of a role. */
export const RequiredBoundary = z
  .strictObject({
    arn: policyArn,
    /** The document that it must have; left out if it is not compared. */
    document: document.exactOptional(),
  })
  .readonly();
export type RequiredBoundary = z.infer<typeof RequiredBoundary>;

// The limits of IAM (docs/aws-facts.md, "IAM limits"): no role can have another value.
const description = z
  .string()
  .max(1_000)
  .regex(/^[\t\n\r\x20-\x7e\xa1-\xff]*$/, "must hold only characters of Latin-1, as IAM requires");
const maxSession = z.int().min(3_600).max(43_200);
const maxTags = 50;

/** Whether a tag is AWS's own: nobody else can write a key that begins with `aws:` (docs/aws-facts.md, "IAM limits"). */
export function isReservedTag(key: string): boolean {
  return /^aws:/i.test(key);
}

/**
 * The tags that a role must have, by key. IAM compares keys without case, and keeps keys that begin with `aws:` to AWS.
 */
export const RequiredTags = z
  .record(
    z.string().regex(/^(?![Aa][Ww][Ss]:)[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u, "must be a key of a tag"),
    z.string().regex(/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u, "must be a value of a tag"),
  )
  .readonly()
  .superRefine((tags, context) => {
    const keys = Object.keys(tags).map((key) => key.toLowerCase());
    if (keys.length > maxTags) {
      context.addIssue({ code: "custom", message: `has ${keys.length} tags; a role has at most ${maxTags}` });
    }
    if (new Set(keys).size < keys.length) {
      context.addIssue({ code: "custom", message: "lists a key twice: IAM compares keys without case" });
    }
  });

/** What a role should be, part by part, and how strictly each part is compared. */
export const Reference = z
  .strictObject({
    /** The role's name; for a reference that several roles share, the reference's own name. */
    role: z.string().regex(/^[\w+=,.@-]{1,64}$/, "must be a role name"),
    /** One sentence: what the role is for. */
    purpose: z.string().exactOptional(),
    /** The service principal of a service-linked role, which only its service may write; left out for other roles. */
    serviceLinked: z.string().exactOptional(),
    /** The only path that the role may have (2.8); any if left out. */
    path: z.string().exactOptional(),
    source: Provenance,
    /** The partition of the ARNs in the documents; `aws` if left out. */
    partition: z.string().exactOptional(),
    trust: document,
    attachments: z.array(Attachment).readonly(),
    /** Grants that the role must have, from any of its policies; none if left out. */
    floor: Sourced.exactOptional(),
    /** Grants that the role may have in addition to attachments and floor (R39, R45, R46); none if left out. */
    allowed: Sourced.exactOptional(),
    retired: z.array(RetiredPolicy).readonly().default([]),
    /** The instance profile that must hold the role (2.1). The reference's own name stands for the role's name. */
    profile: z.string().exactOptional(),
    /**
     * `none`: any permissions boundary is drift, as it can block what the role needs; `any`: the owner may choose one that
     * allows what the role needs; else the policy that must be the boundary, whatever it blocks.
     */
    boundary: z.union([z.enum(["none", "any"]), RequiredBoundary]),
    /** The description that the role must have; not compared if left out. */
    description: description.exactOptional(),
    /** The role's maximum session duration, in seconds; not compared if left out. */
    maxSession: maxSession.exactOptional(),
    /** Not compared if left out. `strictness.tags` says whether the role may have other tags. */
    tags: RequiredTags.exactOptional(),
    strictness: Strictness.default(usualStrictness),
  })
  .readonly();
export type Reference = z.infer<typeof Reference>;
/** A reference as the owner writes it: documents as objects, without defaults. */
export type ReferenceInput = z.input<typeof Reference>;

/** A reference in a file or a configuration: `schema: 1`, which `reference show --json` prints, is accepted and dropped. */
export const WrittenReference = z
  .strictObject({ schema: z.literal(1).optional(), ...Reference.unwrap().shape })
  .transform(({ schema: _, ...reference }): Reference => reference);

/**
 * Checks a reference as written, such as the content of a JSON file. `$schema` and `schema: 1`, which `reference show
 * --json` prints, are accepted and dropped. Throws `ConfigError` that names the path in `source`.
 */
export function defineReference(written: object, source = "The reference"): Reference {
  const { $schema: _, ...fields }: { readonly $schema?: unknown } = written;
  const parsed = WrittenReference.safeParse(fields);
  if (parsed.success) return parsed.data;
  throw new ConfigError(
    `${source} is not valid:\n${formatIssues(parsed.error, fields)}\ndocs/references.md describes the fields of a reference.`,
    { cause: parsed.error },
  );
}

/** Returns a reference as the text of a file: JSON, with documents as objects and without defaults. */
export function formatReference(reference: Reference): string {
  return `${JSON.stringify(describeReference(reference), undefined, 2)}\n`;
}

/** A reference as it is written in a file, as a value: documents as objects, default values left out. */
export function describeReference(reference: Reference): object {
  const { trust, attachments, floor, allowed, retired, profile, boundary, strictness, ...rest } = reference;
  const { description, maxSession, tags, ...head } = rest;
  const isUsual = JSON.stringify(strictness) === JSON.stringify(usualStrictness);
  return {
    ...head,
    trust: JSON.parse(trust),
    attachments: attachments.map(({ versions, ...attachment }) => ({
      ...attachment,
      ...(versions && {
        versions: versions.map(({ adds, ...version }) => ({
          ...version,
          ...(adds !== undefined && { adds: JSON.parse(adds) }),
        })),
      }),
      document: JSON.parse(attachment.document),
    })),
    ...(floor && { floor: { ...floor, document: JSON.parse(floor.document) } }),
    ...(allowed && { allowed: { ...allowed, document: JSON.parse(allowed.document) } }),
    ...(retired.length > 0 && { retired }),
    ...(profile !== undefined && { profile }),
    boundary:
      typeof boundary === "object" && boundary.document !== undefined
        ? { ...boundary, document: JSON.parse(boundary.document) }
        : boundary,
    ...(description !== undefined && { description }),
    ...(maxSession !== undefined && { maxSession }),
    ...(tags && { tags }),
    ...(!isUsual && { strictness }),
  };
}
