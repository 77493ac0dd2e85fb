import { Drift, DriftSide, Note, Undecided, VendorChange } from "@drift-guard/core/model/evidence";
import { Part } from "@drift-guard/core/model/part";
import { Severity } from "@drift-guard/core/model/severity";
import * as z from "zod";
import { schemaVersion } from "./json.ts";

/** A difference of a role from its reference, with its severity. */
export const RatedAssessment = z.intersection(
  z.discriminatedUnion("kind", [Drift, Undecided, VendorChange, Note]),
  z.object({ severity: Severity }),
);
export type RatedAssessment = z.infer<typeof RatedAssessment>;

/** The commands that fix a role, tried on a copy of it. */
export const RolePlan = z
  .strictObject({
    /** In the order in which they are to be run; those without a warning come first. */
    groups: z
      .array(
        z
          .strictObject({
            /** AWS CLI commands, each on one line. */
            commands: z.array(z.string()).readonly(),
            /** What to consider before running them. */
            warning: z.string().exactOptional(),
          })
          .readonly(),
      )
      .readonly(),
    /** Drifts that the commands do not fix, and what a person must do about each. */
    left: z.array(z.strictObject({ part: Part, side: DriftSide, why: z.string() }).readonly()).readonly(),
  })
  .readonly();
export type RolePlan = z.infer<typeof RolePlan>;

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
    /** Whether the configuration does not name it, and a pattern or AWS Batch leads to it: it is never written. */
    discovered: z.literal(true).exactOptional(),
    assessments: z.array(RatedAssessment).readonly(),
    /** With --plan, if the role has drift. */
    plan: RolePlan.exactOptional(),
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
  /** How far AWS Batch was read, for each account; empty if it was not read. */
  batch: z
    .array(
      z
        .strictObject({
          account: z.string(),
          /** The files, the endpoint, or `AWS`. */
          from: z.array(z.string()).readonly(),
          /** The regions that were read to their end. */
          regions: z.array(z.string()).readonly(),
          unread: z.array(z.strictObject({ region: z.string(), why: z.string() }).readonly()).readonly(),
          /** Commands whose output the files do not contain, and commands whose output they cut. */
          absent: z.array(z.string()).readonly(),
          cut: z.array(z.string()).readonly(),
          /** Why the account's regions could not be listed; every region that is known to have AWS Batch was then tried. */
          unlisted: z.string().exactOptional(),
        })
        .readonly(),
    )
    .readonly(),
  exitCode: z.literal([0, 1, 2]),
  roles: z.array(RoleCheck).readonly(),
});
