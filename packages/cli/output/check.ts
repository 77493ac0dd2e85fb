import { Drift, Note, Undecided, VendorChange } from "@drift-guard/core/model/evidence";
import { Severity } from "@drift-guard/core/model/severity";
import * as z from "zod";
import { schemaVersion } from "./json.ts";

/** A difference of a role from its reference, with its severity. */
export const RatedAssessment = z.intersection(
  z.discriminatedUnion("kind", [Drift, Undecided, VendorChange, Note]),
  z.object({ severity: Severity }),
);
export type RatedAssessment = z.infer<typeof RatedAssessment>;

/** The result of comparing one watched role with its reference. */
export const RoleCheck = z
  .strictObject({
    role: z.string(),
    /** The account of the role. */
    account: z.string(),
    /** The name of the reference, and its source with the source's date. */
    reference: z.strictObject({ role: z.string(), title: z.string(), date: z.string() }).readonly(),
    /** `absent`: the role does not exist and its configuration does not require it. */
    status: z.enum(["clean", "absent", "drift", "undecided", "unreadable"]),
    /** Left out if the role does not exist or could not be read. */
    arn: z.string().exactOptional(),
    assessments: z.array(RatedAssessment).readonly(),
    /** Why the role could not be read. */
    problem: z.string().exactOptional(),
  })
  .readonly();
export type RoleCheck = z.infer<typeof RoleCheck>;

/** What `check --json` prints. */
export const CheckOutput = z.strictObject({
  schema: schemaVersion,
  /** The account; the first one, if the file holds several. */
  account: z.string(),
  /** Every account that was read. */
  accounts: z.array(z.string()).readonly(),
  /** The file that the account was read from, the endpoint, or `AWS`. */
  from: z.string(),
  exitCode: z.literal([0, 1, 2]),
  roles: z.array(RoleCheck).readonly(),
});
