import type { SessionChoice } from "../config/rollback-choice.ts";
import { nameActor } from "../config/trusted-actor.ts";
import { compareTexts } from "../evaluate/comparison.ts";
import type { Actor } from "../model/actor.ts";
import type { Assessment } from "../model/evidence.ts";
import { type Instant, isBefore } from "../model/instant.ts";
import { isOwnedByAws, type LivePolicy } from "../model/managed-policy.ts";
import type { Role } from "../model/role.ts";
import { hasSameStatements } from "../policy-json.ts";
import { findSafeTime, isTrustExposed, type KnownRole } from "./exposure.ts";

/** Why something is not restored now. `until`: the time at which the reason passes by itself; left out if it needs a person. */
export interface Obstacle {
  readonly reason: string;
  readonly until?: Instant;
  /** Set if the reason passes once the role's sessions are revoked, as the owner chose. */
  readonly revoke?: true;
}

/**
 * Returns an obstacle where the trust policy lets in, or may let in, anybody beyond the reference: they would get it too. An
 * exception does not make them principals of the reference, so `assessments` has those too that a person accepted, and `live`
 * does not.
 */
export function findTrustObstacle(
  role: Role,
  assessments: readonly Assessment[],
  live: readonly Assessment[],
  isCompared: boolean,
): Obstacle | undefined {
  if (!isCompared) {
    return {
      reason: `The trust policy of ${role.name} is not compared (strictness), so it is unknown who would get what is restored. A person must approve the rollback.`,
    };
  }
  if (!isTrustExposed(assessments)) return undefined;
  const exposed = `The trust policy of ${role.name} lets in more than its reference, or cannot be compared`;
  return {
    reason: isTrustExposed(live)
      ? `${exposed}: those whom it lets in would get what is restored. Once it is repaired, the rollback follows as the configuration allows; until then, a person must approve it.`
      : `${exposed}. A person accepted that, but not that those whom it lets in get what is restored: a person must approve the rollback, or the reference must name them.`,
  };
}

/** Returns an obstacle where the role is not the one that was read clean: it was never, or it was deleted and made again. */
export function findIdentityObstacle(
  role: Role,
  known: KnownRole | undefined,
  maker?: Actor,
): Obstacle | undefined {
  if (known === undefined) {
    return {
      reason: `No read has found ${role.name} as its reference says yet, so it is unknown who had access to it. A person must approve what restores permissions.`,
    };
  }
  if (known.roleId === role.id) return undefined;
  const by = maker === undefined ? "" : ` by ${nameActor(maker)}`;
  return {
    reason: `${role.name} was deleted and made again${by}: its unique id is ${role.id}, and was ${known.roleId}. A person must approve what restores permissions.`,
  };
}

/** Returns an obstacle while a stranger may have a running session of the role, which would get what is restored. */
export function findSessionObstacle(
  role: Role,
  known: KnownRole,
  choice: SessionChoice,
  now: Instant,
): Obstacle | undefined {
  const until = findSafeTime(known, role);
  if (!isBefore(now, until)) return undefined;
  const why = `Until ${until}, somebody who could assume ${role.name} before may have a running session, which would get what is restored.`;
  switch (choice) {
    case "approve":
      return { reason: `${why} A person must approve the rollback.` };
    case "wait":
      return { reason: `${why} The rollback waits until then.`, until };
    case "revoke":
      return { reason: `${why} The rollback first ends every session of the role.`, revoke: true };
  }
}

/**
 * Returns an obstacle where the document that would come into force is not the reference's: a customer-managed policy is
 * compared by its live default version, never by its name. `live` is undefined if the policy was not read.
 */
export function findDocumentObstacle(
  arn: string,
  expected: string | undefined,
  live: LivePolicy | undefined,
): Obstacle | undefined {
  // AWS alone edits its policies.
  if (isOwnedByAws(arn) || expected === undefined) return undefined;
  const current = live?.versions.find(({ isDefault }) => isDefault);
  if (current === undefined) {
    return {
      reason: `The document of ${arn} could not be read, so it is unknown what it would allow. A person must approve the rollback.`,
    };
  }
  if (hasSameStatements(current.text, expected, "identity")) return undefined;
  const { relation, undecided, deniesAdded, deniesRemoved } = compareTexts(current.text, expected, {
    kind: "identity",
  });
  if (relation === "equal" && [undecided, deniesAdded, deniesRemoved].flat().length === 0) return undefined;
  return {
    reason: `The default version ${current.id} of ${arn} differs from the reference, so it would allow something else. A person must approve the rollback, or set the version back first.`,
  };
}
