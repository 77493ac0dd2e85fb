import { compareTexts } from "../evaluate/comparison.ts";
import { type Assessment, deniesAdded } from "../model/evidence.ts";
import { isOwnedByAws } from "../model/managed-policy.ts";
import { inlinePart, isSamePart, managedPart, type Part } from "../model/part.ts";
import type { Role } from "../model/role.ts";
import { tryParsePolicy } from "../policy-json.ts";
import type { Reference } from "../reference/reference.ts";
import { createDenyCover } from "./denies.ts";
import { findRevocation, type Revocation } from "./revocation.ts";

/** Parts of a role by which a person may be containing an incident. */
export interface Containment {
  /** Parts with a Deny that the reference does not have. */
  readonly denied: readonly Part[];
  /** Parts that could not be read or compared, and so may hold a Deny. */
  readonly undecided: readonly Part[];
}

/** What containment is looked for in. */
export interface ContainmentQuestion {
  readonly role: Role;
  /** In the role's partition. */
  readonly reference: Reference;
  /** The role's assessments without those that the owner accepted by an exception. */
  readonly assessments: readonly Assessment[];
  /** Parts with an exception in force for exactly their Deny. */
  readonly accepted: readonly Part[];
  /** The guard's own revocations, which contain nothing that a rollback restores. */
  readonly revocations: readonly Revocation[];
}

/**
 * Returns the containment of a role: every Deny beyond its reference, also in a policy that the owner allows, and what may
 * hold one. A Deny that only hardens the trust policy is none. One that blocks nothing counts too, as it may yet block what
 * is restored.
 */
export function findContainment({
  role,
  reference,
  assessments,
  accepted,
  revocations,
}: ContainmentQuestion): Containment {
  const isExpected = createDenyCover([
    ...reference.attachments.map(({ document }) => document),
    ...[reference.floor, reference.allowed].flatMap((sourced) => (sourced ? [sourced.document] : [])),
  ]);
  const isAccepted = (part: Part) => accepted.some((one) => isSamePart(one, part));
  const denied: Part[] = [];
  const undecided: Part[] = [];
  const look = (part: Part, text: string | undefined) => {
    if (text === undefined || tryParsePolicy(text) === undefined) undecided.push(part);
    else if (!isAccepted(part) && !isExpected(text)) denied.push(part);
  };
  for (const { arn, version } of role.attached) {
    // AWS alone edits its policies.
    if (isOwnedByAws(arn) && reference.attachments.some((attachment) => attachment.arn === arn)) continue;
    look(managedPart(arn), version.observed ? version.value.text : undefined);
  }
  for (const policy of role.inline) {
    if (findRevocation(policy, revocations) === undefined) look(inlinePart(policy.name), policy.text);
  }
  for (const each of assessments) {
    if (each.kind === "undecided") undecided.push(each.part);
    if (each.kind === "drift" && each.part.kind === "trust" && deniesAdded(each).length > 0)
      denied.push(each.part);
  }
  return { denied, undecided };
}

/**
 * Returns why a removal from a part needs a person's approval, or undefined: the part could not be compared, so that it is
 * not known what the removal takes away.
 */
export function findDoubt(part: Part, { undecided }: Pick<Containment, "undecided">): string | undefined {
  const doubt = undecided.find((other) => isSamePart(other, part) || other.kind === "role");
  return doubt && explainDoubt(doubt);
}

/** Returns why nothing may be restored while a person may be containing an incident, or undefined. */
export function findContainmentObstacle({ denied, undecided }: Containment): string | undefined {
  const [deny] = denied;
  if (deny !== undefined) {
    return `A Deny was added to the role (${deny}) and may contain an incident. While it is present, a person must approve the rollback.`;
  }
  const [doubt] = undecided;
  return doubt && explainDoubt(doubt);
}

function explainDoubt(doubt: Part): string {
  return `Part ${doubt} of the role could not be compared, so a person must approve the rollback.`;
}

/**
 * Returns why a policy may not be restored under the role's boundary, or undefined: the boundary takes away what it allows,
 * and may have been set to contain an incident. The boundary that the reference requires does not count.
 */
export function findBoundaryObstacle(
  { boundary }: Role,
  { boundary: required }: Reference,
  restored: string,
): string | undefined {
  if (!boundary.observed) {
    return "The role's permissions boundary could not be read, and may contain an incident. A person must approve the rollback.";
  }
  const live = boundary.value;
  if (live === null || (typeof required === "object" && required.arn === live.arn)) return undefined;
  const named = `The role's permissions boundary ${live.arn}`;
  const then = "It may contain an incident, so a person must approve the rollback.";
  if (!live.version.observed) return `${named} could not be read. ${then}`;
  const { excess, undecided } = compareTexts(restored, [], {
    kind: "identity",
    boundary: live.version.value.text,
  });
  if (undecided.length > 0 || excess.some(({ remains }) => remains !== "all"))
    return `${named} takes away what would be restored. ${then}`;
  return undefined;
}
