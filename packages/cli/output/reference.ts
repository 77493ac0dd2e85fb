import { Grant } from "@drift-guard/core/model/grant";
import { Provenance, Reference, Strictness } from "@drift-guard/core/reference/reference";
import * as z from "zod";
import { schemaVersion } from "./json.ts";

/** What `reference list --json` prints. */
export const ReferenceListOutput = z.strictObject({
  schema: schemaVersion,
  items: z
    .array(
      z.strictObject({
        role: z.string(),
        purpose: z.string().optional(),
        builtIn: z.boolean(),
        /** The service principal of a service-linked role. */
        serviceLinked: z.string().optional(),
        source: Provenance,
        attachments: z.array(z.strictObject({ arn: z.string(), version: z.string() })).readonly(),
        strictness: Strictness,
      }),
    )
    .readonly(),
});

/** What `reference show --json` prints: one reference as it is written in a file, or several as items. */
export const ReferenceShowOutput = z.union([
  z.strictObject({ schema: schemaVersion, ...Reference.unwrap().shape }),
  z.strictObject({ schema: schemaVersion, items: z.array(Reference).readonly() }),
]);

/** What `reference capture --json` prints: the files that were written. */
export const ReferenceCaptureOutput = z.strictObject({
  schema: schemaVersion,
  items: z
    .array(
      z.strictObject({
        role: z.string(),
        file: z.string(),
        /** What the owner has to decide, each a sentence. */
        notes: z.array(z.string()).readonly(),
      }),
    )
    .readonly(),
});

const grants = z.array(Grant).readonly();
const policy = {
  role: z.string(),
  arn: z.string(),
  /** The id of the version in the reference. */
  since: z.string(),
};

/** What `reference refresh --json` prints. */
export const ReferenceRefreshOutput = z.strictObject({
  schema: schemaVersion,
  account: z.string(),
  policies: z
    .array(
      z.discriminatedUnion("status", [
        z.strictObject({
          ...policy,
          /** `known`: newer than the reference's version, and it allows nothing that the reference does not know. */
          status: z.enum(["same", "renumbered", "known"]),
          version: z.string(),
        }),
        z.strictObject({
          ...policy,
          /** `back`: AWS returned to an older version. */
          status: z.enum(["changed", "back"]),
          version: z.string(),
          added: grants,
          removed: grants,
        }),
        z.strictObject({ ...policy, status: z.literal("unread"), why: z.string() }),
      ]),
    )
    .readonly(),
  /** The files that were written. */
  files: z.array(z.string()).readonly(),
});
