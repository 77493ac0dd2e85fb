import type { RoleUse } from "../batch/role-use.ts";
import type { WatchedRole } from "../config/watched-role.ts";
import { strictnessOf } from "../evaluate/evaluate.ts";
import type { Drift } from "../model/evidence.ts";
import type { FixStep } from "../model/fix.ts";
import { partOf } from "../model/part.ts";
import type { Role, RoleReading } from "../model/role.ts";

/** Steps that may fix a drift and are not tried yet. */
export interface Candidate {
  readonly steps: readonly FixStep[];
  readonly warning?: string;
}

/** What may fix a drift, the best first, and what a person must do where nothing of it does. */
export interface Proposal {
  readonly candidates: readonly Candidate[];
  /** Sentences. */
  readonly otherwise: string;
}

/** The drift of a watched role. */
export interface ProposalQuestion {
  readonly drift: Drift;
  /** Every drift at the same part, this one included. */
  readonly samePart: readonly Drift[];
  readonly reading: RoleReading;
  readonly watched: Pick<WatchedRole, "name" | "guarded" | "reference" | "organization">;
  /** What AWS Batch uses the role for. */
  readonly uses: readonly RoleUse[];
  /** Whether AWS Batch was not read completely, so that the role may have other uses, with needs. Default: it was read. */
  readonly usesUnknown?: boolean;
  /** Why it is unknown what else the role must allow, as sentences. */
  readonly unknownNeeds: readonly string[];
  readonly partition: string;
}

/** Returns a proposal without candidates: what a person must do. */
export function manual(otherwise: string): Proposal {
  return { candidates: [], otherwise };
}

/** Whether a text fits in a command on one line. IAM takes tabs and line breaks in a description. */
export function isOneLine(text: string): boolean {
  return !/[\t\n\r]/.test(text);
}

/** Returns the step that attaches a managed policy. */
export function attach(role: Role, arn: string): FixStep {
  return {
    role: role.name,
    part: partOf(`managed:${arn}`),
    call: "iam:AttachRolePolicy",
    policyArn: arn,
  };
}

/**
 * Whether a role has an open ceiling: then only grants that escalate are reported, and the owner decides about all others of
 * the policy.
 */
export function isOpen({ watched: { reference, guarded } }: ProposalQuestion): boolean {
  return strictnessOf(reference, guarded).ceiling === "open";
}

/** Returns the proposal for a policy under an open ceiling: the owner decides about its grants. */
export function leaveToOwner({ drift }: ProposalQuestion): Proposal {
  return manual(
    `Only the owner of the role knows what it needs of ${drift.part.kind === "managed" ? "this policy" : "this inline policy"}: replace these grants by those on single resources, or remove them.`,
  );
}
