import { Grant, grantFields } from "@drift-guard/core/model/grant";
import type { Comparison } from "@drift-guard/policy/comparison";
import * as z from "zod";
import { schemaVersion } from "./json.ts";

const grants = z.array(Grant).readonly();
const side = z.enum(["candidate", "reference"]);
const statement = z
  .strictObject({ document: z.number(), statement: z.number(), sid: z.string().exactOptional() })
  .readonly();

const latent = z
  .object({
    ...grantFields,
    side,
    effect: z.enum(["Allow", "Deny"]),
    cause: z.enum(["no-action", "no-pair"]),
    reason: z.string(),
  })
  .readonly();

const fields = {
  relation: z.enum(["equal", "wider", "narrower", "different", "undecided"]),
  excess: grants,
  missing: grants,
  hardening: grants,
  possibleHardening: grants,
  deniesAdded: grants,
  deniesRemoved: grants,
  latent: z.array(latent).readonly(),
  dangling: z
    .array(z.strictObject({ side, id: z.string(), statements: z.array(statement).readonly() }).readonly())
    .readonly(),
  undecided: z
    .array(
      z
        .strictObject({
          code: z.enum(["syntax", "unsupported", "budget", "unproven"]),
          message: z.string(),
          side: side.exactOptional(),
          path: z.string().exactOptional(),
          statements: z.array(z.strictObject({ side, ref: statement }).readonly()).readonly(),
        })
        .readonly(),
    )
    .readonly(),
} satisfies { [Field in keyof Comparison]: z.ZodType<Comparison[Field]> };

/** What `compare --json` prints: the comparison of packages/policy, with A as the candidate and B as the reference. */
export const CompareOutput = z.strictObject({ schema: schemaVersion, ...fields });
