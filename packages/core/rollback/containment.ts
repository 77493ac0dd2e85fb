import { type Assessment, deniesAdded } from "../model/evidence.ts";
import { isSamePart, type Part } from "../model/part.ts";
import type { RepairStep } from "./repair.ts";

/** Parts of a role by which a person may be containing an incident. */
export interface Containment {
  /** Parts with an added Deny. */
  readonly denied: readonly Part[];
  /** Parts that could not be compared, and so may hold a Deny. */
  readonly undecided: readonly Part[];
}

/** Returns the containment of a role from its assessments, without those that the owner accepted by an exception. */
export function findContainment(assessments: readonly Assessment[]): Containment {
  return {
    denied: assessments.flatMap((each) =>
      each.kind === "drift" && deniesAdded(each).length > 0 ? [each.part] : [],
    ),
    undecided: assessments.flatMap((each) => (each.kind === "undecided" ? [each.part] : [])),
  };
}

/**
 * Returns why a repair step needs a person's approval, or undefined. Restoring is a grant: any added Deny and any
 * undecided part of the role blocks it. Removing is blocked only by those of the same part, as it could remove the Deny.
 */
export function findObstacle(
  { step: { part }, restores }: RepairStep,
  { denied, undecided }: Containment,
): string | undefined {
  const concerns = (other: Part) => restores || isSamePart(other, part) || other.kind === "role";
  const deny = denied.find(concerns);
  if (deny !== undefined) {
    return `A Deny was added to the role (${deny}) and may contain an incident. While it is present, a person must approve the rollback.`;
  }
  const doubt = undecided.find(concerns);
  return doubt === undefined
    ? undefined
    : `Part ${doubt} of the role could not be compared, so a person must approve the rollback.`;
}
