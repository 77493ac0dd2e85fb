import type { Assessment } from "../model/evidence.ts";
import { identifyFinding } from "../model/identity.ts";
import type { Ledger } from "../model/ledger.ts";
import type { Part } from "../model/part.ts";
import type { RepairStep } from "./repair.ts";

/** Where on a role somebody may be containing an incident: by a Deny that was added, or by what cannot be compared. */
export interface Containment {
  readonly denied: readonly Part[];
  readonly undecided: readonly Part[];
}

/** Looks for containment; a Deny that the owner accepted, by an exception, is his and hides nothing. */
export function findContainment(assessments: readonly Assessment[], ledger: Ledger): Containment {
  const accepted = (assessment: Assessment) =>
    ledger.findings.some(
      ({ id, state }) => state === "suppressed" && id === identifyFinding(ledger.role, assessment),
    );
  const live = assessments.filter((assessment) => !accepted(assessment));
  return {
    denied: live.flatMap((each) =>
      each.kind === "drift" && each.side === "missing" && each.denies.length > 0 ? [each.part] : [],
    ),
    undecided: live.flatMap((each) => (each.kind === "undecided" ? [each.part] : [])),
  };
}

/**
 * Why a repair must not be made without a person, or undefined. Restoring is a grant, so any Deny and any doubt on the
 * role stops it; taking away is stopped only by what the very part may hold: the Deny itself.
 */
export function findObstacle(
  { step: { part }, restores }: RepairStep,
  { denied, undecided }: Containment,
): string | undefined {
  const concerns = (other: Part) => restores || other === part || other === "role";
  const deny = denied.find(concerns);
  if (deny !== undefined) {
    return `A Deny was put on the role (${deny}): somebody may be containing an incident. While it is there a person must decide.`;
  }
  const doubt = undecided.find(concerns);
  return doubt === undefined
    ? undefined
    : `Part ${doubt} of the role could not be compared, so this is left to a person.`;
}
