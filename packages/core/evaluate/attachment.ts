import { comparePolicies } from "@drift-guard/policy/compare";
import type { Comparison } from "@drift-guard/policy/comparison";
import type { Assessment, Drift } from "../model/evidence.ts";
import type { Grant } from "../model/grant.ts";
import { isOlderVersion, isOwnedByAws } from "../model/managed-policy.ts";
import { managedPart, type Part } from "../model/part.ts";
import type { PolicyVersion, Role } from "../model/role.ts";
import { filterByEffect, hasSameStatements, tryParsePolicy } from "../policy-json.ts";
import type { Attachment, Strictness } from "../reference/reference.ts";
import { compareTexts } from "./comparison.ts";
import { describeDifferences, drift, undecided, undecidedPart } from "./differences.ts";
import { listPolicyTexts } from "./policy-texts.ts";
import { remarks } from "./remarks.ts";

/**
 * Returns the differences of one required policy: it must be attached, and an inline copy does not count (R5, R40). A
 * version by AWS that the reference does not know is a vendor change, no drift (docs/aws-facts.md, "Managed policies").
 */
export function assessAttachment(
  role: Role,
  attachment: Attachment,
  { ceiling }: Strictness,
): readonly Assessment[] {
  const part: Part = managedPart(attachment.arn);
  const attached = role.attached.find(({ arn }) => arn === attachment.arn);
  if (!attached) return [describeDetached(role, attachment)];
  if (!attached.version.observed) return [undecided(part, [attached.version.why])];
  const live = attached.version.value;
  if (!isOwnedByAws(attached.arn)) {
    if (hasSameStatements(live.text, attachment.document, "identity")) return [];
    const comparison = compareTexts(live.text, attachment.document, { kind: "identity" });
    return describeDifferences(part, comparison, { excess: ceiling === "closed" });
  }
  const change = compareVersion(attachment, live, role.partition);
  if (!change.news && hasSameStatements(live.text, attachment.document, "identity")) return [];
  if (!change.news) return undecidedPart(part, change.comparison);
  const { since, added, removed } = change;
  const lost = removed.length > 0 && lacksRequired(role, attachment, live.text);
  return [
    {
      kind: "vendor-change",
      part,
      version: live.id,
      ...(since !== undefined && { since }),
      added,
      removed,
      ...(lost && { lost }),
    },
  ];
}

/** The default version of a policy by AWS, compared with the versions that a reference knows. */
export interface VersionChange {
  /** Whether it is worth telling: no known version, or an older one than the reference's (T17). */
  readonly news: boolean;
  /** Whether it allows and denies the same as the reference's version. */
  readonly same: boolean;
  /** Whether it is an older version than the reference's. */
  readonly back: boolean;
  /** The known version before it, in the same count; undefined if the ids do not compare. */
  readonly since: string | undefined;
  /** What no known version allows. */
  readonly added: readonly Grant[];
  /** What the reference's version allows and this one does not. */
  readonly removed: readonly Grant[];
  /** The comparison with everything that known versions allow. */
  readonly comparison: Comparison;
}

/** Compares the default version of a policy by AWS, as read in a partition, with the versions that a reference knows. */
export function compareVersion(
  attachment: Attachment,
  { id, text }: PolicyVersion,
  partition: string,
): VersionChange {
  const own = compareTexts(text, attachment.document, { kind: "identity" });
  const known = [attachment.document, ...listAdditions(attachment)];
  // Most accounts have the reference's version, which is then compared once.
  const comparison = own.excess.length > 0 ? compareTexts(text, known, { kind: "identity" }) : own;
  const since = findVersionBefore(attachment, partition, id);
  const back = since !== undefined && isOlderVersion(id, since);
  const added = [...comparison.excess, ...own.deniesRemoved];
  const removed = [...own.missing, ...own.deniesAdded];
  const same = own.relation === "equal";
  const news = added.length + removed.length > 0 || (back && same);
  return { news, same, back, since, added, removed, comparison };
}

// R5, R40: the policy is required even if other policies of the role allow the same, and then nothing stops working.
function describeDetached(role: Role, { arn, document }: Attachment): Drift {
  const { missing } = compareTexts([], document, { kind: "identity" });
  const held = compareTexts(listPolicyTexts(role), document, { kind: "identity" });
  const harmless = held.missing.length + held.undecided.length === 0;
  return {
    ...drift(managedPart(arn), "missing", {
      grants: missing,
      detail: `The policy ${arn} is not attached.${harmless ? ` ${remarks.allowedElsewhere}` : ""}`,
    }),
    ...(harmless && { harmless }),
  };
}

function listAdditions({ versions = [] }: Attachment): readonly string[] {
  return versions.flatMap(({ adds }) => (adds === undefined ? [] : [adds]));
}

// The newest known version before the live one, or the reference's own if the live one is older than that.
function findVersionBefore(attachment: Attachment, partition: string, id: string): string | undefined {
  const { version, versions = [] } = attachment;
  if (!isCountedIn(attachment, partition)) return undefined;
  if (isOlderVersion(id, version)) return version;
  const before = versions.flatMap((known) => (isOlderVersion(known.id, id) ? [known.id] : []));
  return before.reduce((newest, known) => (isOlderVersion(newest, known) ? known : newest), version);
}

// Each partition numbers its versions separately.
function isCountedIn({ partition = "aws" }: Attachment, other: string): boolean {
  return partition === other;
}

// A permission that AWS took out of its policy stops AWS Batch only if no other policy of the role allows it. A partition
// with version ids of its own may not have got yet what later versions added: that was not taken from it.
function lacksRequired(role: Role, attachment: Attachment, text: string): boolean {
  const others = listPolicyTexts({
    attached: role.attached.filter(({ arn }) => arn !== attachment.arn),
    inline: role.inline,
  }).flatMap((other) => tryParsePolicy(other) ?? []);
  const pending = isCountedIn(attachment, role.partition) ? [] : listAdditions(attachment);
  const held = [text, ...filterByEffect(others, "Allow"), ...pending];
  return comparePolicies(held, attachment.document, { kind: "identity" }).missing.length > 0;
}
