import type { GuardedRole } from "../config/config.ts";
import type { Organization } from "../config/organization.ts";
import { strictnessOf } from "../evaluate/evaluate.ts";
import type { Drift } from "../model/evidence.ts";
import type { Step } from "../model/plan.ts";
import type { Role } from "../model/role.ts";
import { localiseReference } from "../reference/built-in.ts";
import type { Reference } from "../reference/reference.ts";
import { addStatements, repairTrust } from "./trust-repair.ts";

/** One IAM call that would repair a drift. */
export interface RepairStep {
  readonly step: Step;
  /** Whether the call grants anything that the role does not have: restoring needs a permission of its own. */
  readonly restores: boolean;
  /** Set if the call removes a condition of the trust policy that may harden it. */
  readonly dropsCondition?: true;
}

/** The role to repair, and what it should be. */
export interface RepairTarget {
  readonly role: Role;
  readonly reference: Reference;
  readonly guarded: GuardedRole;
  /** The account's organisation; left out if it is not known. */
  readonly organization?: Organization;
}

/**
 * Returns the call that would repair a drift, or undefined if none would. `samePart` holds every drift at the same part,
 * this one included: a trust policy is written whole.
 */
export function findRepairStep(
  drift: Drift,
  { role, reference, guarded, organization }: RepairTarget,
  samePart: readonly Drift[],
): RepairStep | undefined {
  const base = { role: role.name, part: drift.part };
  const { trust, attachments } = localiseReference(reference, role.partition);
  if (drift.part.kind === "trust") {
    const { document, restores, dropsCondition } =
      strictnessOf(reference, guarded).trust === "floor"
        ? addStatements(role.trust, trust)
        : repairTrust(role, trust, samePart, organization);
    const step = { ...base, call: "iam:UpdateAssumeRolePolicy", document } as const;
    return { step, restores, ...(dropsCondition && { dropsCondition }) };
  }
  const { kind, name } = drift.part;
  if (kind === "managed") {
    const attached = role.attached.some(({ arn }) => arn === name);
    if (drift.side === "missing" && !attached)
      return { step: { ...base, call: "iam:AttachRolePolicy", policyArn: name }, restores: true };
    // A required policy with excess was edited; its earlier document is unknown, and detaching it is no repair.
    const required = attachments.some(({ arn }) => arn === name);
    if (drift.side === "excess" && attached && !required)
      return { step: { ...base, call: "iam:DetachRolePolicy", policyArn: name }, restores: false };
  }
  if (kind === "inline" && drift.side === "excess") {
    return { step: { ...base, call: "iam:DeleteRolePolicy", policyName: name }, restores: false };
  }
  return undefined;
}
