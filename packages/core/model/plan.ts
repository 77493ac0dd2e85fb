import * as z from "zod";
import { Instant } from "./instant.ts";
import { Part } from "./part.ts";

const base = { role: z.string(), part: Part };
const policy = { policyArn: z.string() };
// An approval of the step holds for this document alone.
const brought = {
  ...policy,
  /**
   * Digest of the document that comes into force: of a customer-managed policy, its default version when the step was
   * planned. Left out for policies of AWS, and where the policy was not read.
   */
  content: z.string().exactOptional(),
};

/**
 * One IAM call that a rollback makes. Documents are JSON text. `part` is the part of the role that the call changes: the
 * calls on a managed policy change it for every role that has it.
 */
export const Step = z.discriminatedUnion("call", [
  z.object({ ...base, call: z.literal("iam:AttachRolePolicy"), ...brought }).readonly(),
  z.object({ ...base, call: z.literal("iam:DetachRolePolicy"), ...policy }).readonly(),
  z
    .object({ ...base, call: z.literal("iam:PutRolePolicy"), policyName: z.string(), document: z.string() })
    .readonly(),
  z.object({ ...base, call: z.literal("iam:DeleteRolePolicy"), policyName: z.string() }).readonly(),
  z.object({ ...base, call: z.literal("iam:UpdateAssumeRolePolicy"), document: z.string() }).readonly(),
  z.object({ ...base, call: z.literal("iam:PutRolePermissionsBoundary"), ...brought }).readonly(),
  z.object({ ...base, call: z.literal("iam:DeleteRolePermissionsBoundary") }).readonly(),
  /** `document` is the document that the version has. */
  z
    .object({
      ...base,
      call: z.literal("iam:SetDefaultPolicyVersion"),
      ...policy,
      versionId: z.string(),
      document: z.string(),
    })
    .readonly(),
  /** The new version becomes the default. */
  z
    .object({ ...base, call: z.literal("iam:CreatePolicyVersion"), ...policy, document: z.string() })
    .readonly(),
  z
    .object({ ...base, call: z.literal("iam:DeletePolicyVersion"), ...policy, versionId: z.string() })
    .readonly(),
  /** Both are always sent: IAM sets a maximum session that is left out to one hour (docs/aws-facts.md, "IAM reads and writes"). */
  z
    .object({
      ...base,
      call: z.literal("iam:UpdateRole"),
      description: z.string(),
      /** Seconds. */
      maxSession: z.number(),
    })
    .readonly(),
  z.object({ ...base, call: z.literal("iam:TagRole"), key: z.string(), value: z.string() }).readonly(),
  z.object({ ...base, call: z.literal("iam:UntagRole"), key: z.string() }).readonly(),
]);
export type Step = z.infer<typeof Step>;

/** A step of a plan, with its effect and its purpose. */
export const PlannedStep = z.intersection(
  Step,
  z.object({
    /** Whether the role, or the sessions of it that exist, may do something after the call that they may not do before. */
    restores: z.boolean(),
    /** Ids of the findings whose drifts the step repairs. */
    findings: z.array(z.string()).readonly(),
    /**
     * Set on the step that ends the role's running sessions (`sessions: "revoke"`): when the policy that it writes has no
     * more effect and is removed.
     */
    revokesUntil: Instant.exactOptional(),
    /** What a person should know of the step, as sentences. */
    note: z.string().exactOptional(),
  }),
);
export type PlannedStep = z.infer<typeof PlannedStep>;

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
    steps: z.array(PlannedStep).readonly(),
  })
  .readonly();
export type Plan = z.infer<typeof Plan>;
