import { compareTexts } from "../evaluate/comparison.ts";
import { strictnessOf } from "../evaluate/evaluate.ts";
import type { Drift } from "../model/evidence.ts";
import type { LivePolicy } from "../model/managed-policy.ts";
import { inlinePart } from "../model/part.ts";
import { joinDocuments, keepStatements, withoutSids } from "../policy-json.ts";
import { digestContent } from "./content.ts";
import { fits } from "./inline-room.ts";
import { removeInline, removeManaged } from "./removal.ts";
import type { Repair, RepairTarget } from "./repair-target.ts";
import { repairSetting } from "./settings-repair.ts";
import { repairVersion } from "./version-repair.ts";

/** The inline policy that a rollback or a fix writes for permissions that a reference requires from any policy (floor). */
export const requiredPolicyName = "RequiredPermissions";

const none: Repair = { kind: "none" };

/** Returns the calls that repair a drift at any part but the trust policy (`repairTrust`). */
export function findRepair(drift: Drift, target: RepairTarget): Repair {
  switch (drift.part.kind) {
    case "managed":
      return repairManaged(drift, drift.part.name, target);
    case "inline":
      return drift.side === "excess" ? removeInline(drift, drift.part.name, target) : refuseDeny(drift);
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
  return removeManaged({ drift, arn, text: attached.version.value.text }, target);
}

function describeContent(live: LivePolicy | undefined): { readonly content?: string } {
  const content = digestContent(live);
  return content === undefined ? {} : { content };
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
  if (!fits(role, requiredPolicyName, document)) {
    return {
      kind: "refused",
      reason: `What ${role.name} lacks does not fit into its inline policies. Write it into a managed policy, and attach that.`,
    };
  }
  const base = { role: role.name, part: inlinePart(requiredPolicyName), policyName: requiredPolicyName };
  return { kind: "steps", steps: [{ ...base, call: "iam:PutRolePolicy", document }] };
}
