import * as z from "zod";
import { Part } from "./part.ts";

const base = { role: z.string(), part: Part };

/** One IAM call that undoes a drift. Documents are JSON text. */
export const Step = z.discriminatedUnion("call", [
  z.object({ ...base, call: z.literal("iam:AttachRolePolicy"), policyArn: z.string() }).readonly(),
  z.object({ ...base, call: z.literal("iam:DetachRolePolicy"), policyArn: z.string() }).readonly(),
  z
    .object({ ...base, call: z.literal("iam:PutRolePolicy"), policyName: z.string(), document: z.string() })
    .readonly(),
  z.object({ ...base, call: z.literal("iam:DeleteRolePolicy"), policyName: z.string() }).readonly(),
  z.object({ ...base, call: z.literal("iam:UpdateAssumeRolePolicy"), document: z.string() }).readonly(),
]);
export type Step = z.infer<typeof Step>;

/** The ordered IAM calls that undo drifts of one role. */
export const Plan = z
  .object({
    role: z.string(),
    /** The unique id of the role that was planned for; a role made anew in between is another role. */
    roleId: z.string(),
    /** Digest of the role as it was read when the plan was made; a role that moved since is not written. */
    expects: z.string(),
    /** The findings whose drifts the steps undo. */
    findings: z.array(z.string()).readonly(),
    steps: z.array(Step).readonly(),
  })
  .readonly();
export type Plan = z.infer<typeof Plan>;
