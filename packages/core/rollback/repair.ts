import type { Comparison } from "@drift-guard/policy/comparison";
import type { GuardedRole } from "../config/config.ts";
import { compareTexts } from "../evaluate/comparison.ts";
import { strictnessOf } from "../evaluate/evaluate.ts";
import type { Drift } from "../model/evidence.ts";
import type { LivePolicy } from "../model/managed-policy.ts";
import { inlinePart } from "../model/part.ts";
import type { Step } from "../model/plan.ts";
import type { Role } from "../model/role.ts";
import {
  joinDocuments,
  keepEffect,
  keepStatements,
  readDocument,
  tryParsePolicy,
  withoutSids,
} from "../policy-json.ts";
import type { Reference } from "../reference/reference.ts";
import { digestContent } from "./content.ts";
import { createDenyCover } from "./denies.ts";
import { listNeeded, removeExcess } from "./policy-narrowing.ts";
import { repairSetting } from "./settings-repair.ts";
import { repairVersion } from "./version-repair.ts";

/** The inline policy that a rollback or a fix writes for permissions that a reference requires from any policy (floor). */
export const requiredPolicyName = "RequiredPermissions";

/** IAM's limit of all inline policies of a role together, without white space (docs/aws-facts.md, "IAM limits"). */
const maxInlineCharacters = 10_240;

/** The role to repair, and what it should be. */
export interface RepairTarget {
  /** As it is after the steps that are planned already. */
  readonly role: Role;
  /** In the role's partition. */
  readonly reference: Reference;
  readonly guarded: GuardedRole;
  /** Compares a policy with everything that the role may have (`compareWithPermitted`). */
  readonly compare: (text: string) => Comparison;
  /** Policies with what the role needs: the reference's floor, and what job definitions need. */
  readonly needed: readonly string[];
  /** The inline policies that have no excess, or lost it by the steps that are planned already. */
  readonly kept: readonly string[];
  /** Customer-managed policies as they are now, by ARN. */
  readonly policies: ReadonlyMap<string, LivePolicy>;
}

/** How a drift is repaired. */
export type Repair =
  | { readonly kind: "steps"; readonly steps: readonly Step[]; readonly note?: string }
  /** No call repairs it, and nothing has to be said about that. */
  | { readonly kind: "none" }
  /** The guard does not repair it; `reason` says why, as sentences. */
  | { readonly kind: "refused"; readonly reason: string };

const none: Repair = { kind: "none" };

/** Returns the calls that repair a drift at any part but the trust policy (`repairTrust`). */
export function findRepair(drift: Drift, target: RepairTarget): Repair {
  switch (drift.part.kind) {
    case "managed":
      return repairManaged(drift, drift.part.name, target);
    case "inline":
      return drift.side === "excess" ? repairInline(drift, drift.part.name, target) : refuseDeny(drift);
    case "boundary":
      return repairBoundary(drift, target);
    case "permissions":
      return drift.side === "missing" ? repairFloor(target) : none;
    case "description":
    case "session":
    case "tag": {
      const step = repairSetting(drift.part, target.role, target.reference);
      return step ? { kind: "steps", steps: [step] } : none;
    }
    // A role cannot be moved to another path.
    case "trust":
    case "role":
    case "profile":
      return none;
  }
}

// Removing a Deny is no repair that a machine should make.
function refuseDeny({ part }: Drift): Repair {
  return {
    kind: "refused",
    reason: `The guard removes no Deny (${part}), as it may contain an incident. Ask the person who added it.`,
  };
}

function repairInline(
  { part, grants }: Drift,
  policyName: string,
  { role, reference, compare, needed, kept }: RepairTarget,
): Repair {
  const text = role.inline.find(({ name }) => name === policyName)?.text;
  if (text === undefined) return none;
  const base = { role: role.name, part, policyName };
  const others = [...reference.attachments.map(({ document }) => document), ...kept];
  const narrowed = removeExcess(text, grants, { compare, needed, others });
  switch (narrowed.kind) {
    case "nothing":
      return { kind: "steps", steps: [{ ...base, call: "iam:DeleteRolePolicy" }] };
    case "policy":
      return {
        kind: "steps",
        steps: [{ ...base, call: "iam:PutRolePolicy", document: narrowed.document }],
        note: `It keeps the Denies of ${policyName} and what the role may have of it.`,
      };
    case "undecided":
      return {
        kind: "refused",
        reason: `It cannot be decided what of ${policyName} is excess: ${narrowed.why}. A person must repair it.`,
      };
  }
}

function repairManaged(drift: Drift, arn: string, target: RepairTarget): Repair {
  const { role, reference, guarded, policies } = target;
  const base = { role: role.name, part: drift.part, policyArn: arn };
  const attached = role.attached.find((policy) => policy.arn === arn);
  const required = reference.attachments.find((attachment) => attachment.arn === arn);
  if (!attached) {
    return drift.side === "missing" && required
      ? {
          kind: "steps",
          steps: [{ ...base, call: "iam:AttachRolePolicy", ...describeContent(policies.get(arn)) }],
        }
      : none;
  }
  if (required) {
    return repairVersion(
      { role, part: drift.part, arn, document: required.document },
      guarded.rollback,
      policies.get(arn),
    );
  }
  if (drift.side !== "excess") return refuseDeny(drift);
  if (!attached.version.observed) {
    return {
      kind: "refused",
      reason: `${arn} could not be read and may hold a Deny, so that it is not detached: ${attached.version.why}`,
    };
  }
  const kept = keepRest(arn, attached.version.value.text, target);
  if (kept.kind === "refused") return kept;
  return {
    kind: "steps",
    steps: [...(kept.kind === "steps" ? kept.steps : []), { ...base, call: "iam:DetachRolePolicy" }],
    ...(kept.kind === "steps" && kept.note !== undefined && { note: kept.note }),
  };
}

/**
 * Returns the step that writes into an inline policy what of a managed one must stay: its Denies, and what the role needs of
 * it (R39, R45, R46), unless other policies have them.
 */
function keepRest(arn: string, text: string, target: RepairTarget): Repair {
  const { role, reference, compare, needed, kept } = target;
  const parsed = tryParsePolicy(text);
  if (parsed === undefined)
    return { kind: "refused", reason: `${arn} cannot be read as a policy, and may hold a Deny.` };
  const isHeld = createDenyCover([
    ...role.inline.map((policy) => policy.text),
    ...role.attached.flatMap((policy) =>
      policy.arn !== arn && policy.version.observed ? [policy.version.value.text] : [],
    ),
  ]);
  const others = [...reference.attachments.map(({ document }) => document), ...kept];
  const rest = listNeeded(text, { compare, needed, others });
  const holdsDenies = !isHeld(parsed);
  if (!holdsDenies && rest.length === 0) return none;
  const policyName = `RestOf-${arn.slice(arn.lastIndexOf("/") + 1)}`.slice(0, 128);
  const present = role.inline.find(({ name }) => name.toLowerCase() === policyName.toLowerCase());
  const name = present?.name ?? policyName;
  const { Version } = readDocument(text);
  const document = joinDocuments([
    ...(present ? [withoutSids(present.text)] : []),
    ...(holdsDenies ? [withoutSids(keepEffect(text, "Deny"))] : []),
    ...(rest.length > 0 ? [JSON.stringify({ Version, Statement: rest })] : []),
  ]);
  if (!fitsInline(role, name, document)) {
    return {
      kind: "refused",
      reason: `${arn} holds Denies, or permissions that the role needs, which do not fit into the inline policies of ${role.name}. Write them into another policy of the role, and detach ${arn}.`,
    };
  }
  return {
    kind: "steps",
    steps: [
      { role: role.name, part: inlinePart(name), call: "iam:PutRolePolicy", policyName: name, document },
    ],
    note: `The Denies of ${arn}, and what the role needs of it, stay in the inline policy ${name}.`,
  };
}

function describeContent(live: LivePolicy | undefined): { readonly content?: string } {
  const content = digestContent(live);
  return content === undefined ? {} : { content };
}

function fitsInline({ inline }: Role, name: string, document: string): boolean {
  const sizeOf = (text: string) => text.replaceAll(/\s/g, "").length;
  const others = inline.filter((policy) => policy.name !== name);
  const size = others.reduce((sum, { text }) => sum + sizeOf(text), sizeOf(document));
  return size <= maxInlineCharacters;
}

function repairBoundary({ part }: Drift, { role, reference, guarded, policies }: RepairTarget): Repair {
  const { boundary } = reference;
  const live = role.boundary.observed ? role.boundary.value : undefined;
  if (live === undefined || boundary === "any") return none;
  const base = { role: role.name, part };
  if (boundary === "none") {
    return live === null
      ? none
      : { kind: "steps", steps: [{ ...base, call: "iam:DeleteRolePermissionsBoundary" }] };
  }
  const { arn, document } = boundary;
  if (live?.arn !== arn) {
    const content = describeContent(policies.get(arn));
    return {
      kind: "steps",
      steps: [{ ...base, call: "iam:PutRolePermissionsBoundary", policyArn: arn, ...content }],
    };
  }
  return document === undefined
    ? none
    : repairVersion({ role, part, arn, document }, guarded.rollback, policies.get(arn));
}

/** Restores what the reference requires from any policy, in an inline policy of its own. */
function repairFloor({ role, reference, guarded }: RepairTarget): Repair {
  const { floor } = reference;
  const beyond: Repair = {
    kind: "refused",
    reason: `The guard restores only what the reference requires. A person must grant what the uses of ${role.name} need beyond it.`,
  };
  if (floor === undefined || strictnessOf(reference, guarded).floor !== "required") return beyond;
  const present = role.inline.find(({ name }) => name === requiredPolicyName);
  const allows = keepStatements(floor.document, () => true);
  const document = present
    ? joinDocuments([withoutSids(present.text), withoutSids(allows)])
    : JSON.stringify(JSON.parse(floor.document));
  const others = role.inline.filter(({ name }) => name !== requiredPolicyName);
  const texts = [
    ...role.attached.flatMap(({ version }) => (version.observed ? [version.value.text] : [])),
    ...others.map(({ text }) => text),
  ];
  const before = compareTexts([...texts, ...(present ? [present.text] : [])], floor.document, {
    kind: "identity",
  });
  const after = compareTexts([...texts, document], floor.document, { kind: "identity" });
  // Strangers may write job definitions.
  if (before.missing.length === 0) return beyond;
  if (after.missing.length > 0) {
    return {
      kind: "refused",
      reason: `A Deny takes away what ${role.name} lacks, so that adding it again changes nothing. The guard removes no Deny, as it may contain an incident.`,
    };
  }
  if (!fitsInline(role, requiredPolicyName, document)) {
    return {
      kind: "refused",
      reason: `What ${role.name} lacks does not fit into its inline policies. Write it into a managed policy, and attach that.`,
    };
  }
  const base = { role: role.name, part: inlinePart(requiredPolicyName), policyName: requiredPolicyName };
  return { kind: "steps", steps: [{ ...base, call: "iam:PutRolePolicy", document }] };
}
