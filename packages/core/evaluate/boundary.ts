import type { Assessment, Drift } from "../model/evidence.ts";
import type { Grant } from "../model/grant.ts";
import { isOwnedByAws } from "../model/managed-policy.ts";
import { partOf } from "../model/part.ts";
import { type AttachedPolicy, type Role, seen } from "../model/role.ts";
import { hasSameStatements } from "../policy-json.ts";
import type { Reference, RequiredBoundary } from "../reference/reference.ts";
import { compareTexts } from "./comparison.ts";
import { describeDifferences, drift, undecided, undecidedPart } from "./differences.ts";
import { listPolicyTexts } from "./policy-texts.ts";

/**
 * Returns how a boundary differs from a reference that has none. It is judged by what it takes from what the reference
 * requires; one that takes nothing is information.
 */
export function assessBoundary(
  { boundary, name }: Role,
  { attachments, floor }: Reference,
): readonly Assessment[] {
  const part = partOf("boundary");
  if (!boundary.observed) return [undecided(part, [boundary.why])];
  const policy: AttachedPolicy | null = boundary.value;
  if (policy === null) return [];
  const { arn, version } = policy;
  const found = `${name} has the permissions boundary ${arn}; its reference has none`;
  if (!version.observed) {
    const detail = `${found}. What it blocks is unknown: ${version.why}`;
    return [drift(part, "altered", { detail })];
  }
  const required = [...attachments, ...(floor ? [floor] : [])].map(({ document }) => document);
  const comparison = compareTexts(version.value.text, required, { kind: "identity" });
  const { missing, deniesAdded, undecided: reasons } = comparison;
  if (missing.length > 0) {
    const detail = `${found}. It blocks permissions that the role must have.`;
    return [
      drift(part, "missing", { grants: missing, denies: deniesAdded, detail }),
      ...undecidedPart(part, comparison),
    ];
  }
  return reasons.length > 0
    ? undecidedPart(part, comparison)
    : [
        {
          ...drift(part, "altered", { detail: `${found}. It blocks nothing that the role must have.` }),
          harmless: true,
        },
      ];
}

/**
 * Returns a drift if a boundary that the owner may choose blocks everything that the role's policies allow, and an undecided
 * assessment if a role that allows anything has a boundary that cannot be read. The floor compares the boundary with what
 * the role must have.
 */
export function assessChosenBoundary(role: Role): readonly Assessment[] {
  const part = partOf("boundary");
  const { boundary } = role;
  const texts = listPolicyTexts(role);
  const unknown = (why: string): readonly Assessment[] =>
    compareTexts(texts, [], { kind: "identity" }).relation === "equal" ? [] : [undecided(part, [why])];
  if (!boundary.observed) return unknown(boundary.why);
  const policy: AttachedPolicy | null = boundary.value;
  if (policy === null) return [];
  if (!policy.version.observed) return unknown(policy.version.why);
  const { text } = policy.version.value;
  const allowed = compareTexts(texts, [], { kind: "identity", boundary: text }).excess;
  if (allowed.length === 0 || !allowed.every(({ remains }) => remains === "none")) return [];
  const { missing, deniesAdded } = compareTexts(text, texts, { kind: "identity" });
  const detail = `${role.name} has the permissions boundary ${policy.arn}. It blocks everything that the role's policies allow.`;
  return [drift(part, "missing", { grants: missing, denies: deniesAdded, detail })];
}

/**
 * Returns the differences of a boundary from the policy that a reference requires as the boundary. Where the role has
 * another one or none, the drift's grants are those that the required one would block.
 */
export function assessRequiredBoundary(role: Role, required: RequiredBoundary): readonly Assessment[] {
  const { arn, document } = required;
  const part = partOf("boundary");
  const { boundary } = role;
  if (!boundary.observed) return [undecided(part, [boundary.why])];
  const live: AttachedPolicy | null = boundary.value;
  if (live?.arn !== arn) return [describeOtherBoundary(role, live, required)];
  // AWS alone edits its policies, and a reference may leave the document open.
  if (document === undefined || isOwnedByAws(arn)) return [];
  if (!live.version.observed) return [undecided(part, [live.version.why])];
  const { text } = live.version.value;
  if (hasSameStatements(text, document, "identity")) return [];
  const detail = `The permissions boundary ${arn} was edited.`;
  return describeDifferences(part, compareTexts(text, document, { kind: "identity" }), {}, detail).map(
    (assessment) => (assessment.kind === "drift" ? { ...assessment, policyArn: arn } : assessment),
  );
}

function describeOtherBoundary(
  role: Role,
  live: AttachedPolicy | null,
  { arn, document }: RequiredBoundary,
): Drift {
  const part = partOf("boundary");
  const has = live === null ? "no permissions boundary" : `the permissions boundary ${live.arn}`;
  const found = `${role.name} has ${has}; its reference requires ${arn}.`;
  const version = live?.version ?? seen({ id: "", text: allowAll });
  if (document === undefined || !version.observed) return drift(part, "altered", { detail: found });
  const { text } = version.value;
  const policies = listPolicyTexts(role);
  const gained = findLeft(policies, document, text);
  const lost = findLeft(policies, text, document);
  if (gained === undefined || lost === undefined) return drift(part, "altered", { detail: found });
  const effect = [
    ...(gained.length > 0 ? ["The policies of the role allow more without the required boundary."] : []),
    ...(lost.length > 0 ? ["It blocks permissions that the required boundary leaves to the role."] : []),
  ];
  if (effect.length > 0)
    return drift(part, "altered", { grants: gained, detail: [found, ...effect].join(" ") });
  const detail = `${found} What the policies of the role allow is the same under both.`;
  return { ...drift(part, "altered", { detail }), harmless: true };
}

// A role without a boundary may do all that its policies allow.
const allowAll = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }],
});

/** Returns what policies allow, one boundary blocks and another leaves; undefined if that cannot be decided. */
function findLeft(
  policies: readonly string[],
  blocking: string,
  leaving: string,
): readonly Grant[] | undefined {
  const { excess, relation } = compareTexts(policies, blocking, { kind: "identity", boundary: leaving });
  return relation === "undecided" ? undefined : excess.filter(({ remains }) => remains !== "none");
}
