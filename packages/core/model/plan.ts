import * as z from "zod";
import { Part } from "./part.ts";

const base = { role: z.string(), part: Part };

/** One IAM call that repairs a drift. Documents are JSON text. */
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

/** The IAM calls, in order, that roll back drifts of one role. */
export const Plan = z
  .object({
    role: z.string(),
    /** The unique id of the role. A role that is deleted and created again has another id, and is not written. */
    roleId: z.string(),
    /** Digest of the role that was planned for (`digestRole`). A role that changed since then is not written. */
    expects: z.string(),
    /** Ids of the findings whose drifts the steps repair. */
    findings: z.array(z.string()).readonly(),
    steps: z.array(Step).readonly(),
  })
  .readonly();
export type Plan = z.infer<typeof Plan>;
