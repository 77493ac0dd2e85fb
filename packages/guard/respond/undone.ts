import { findWatchedRole } from "@drift-guard/core/config/watched-role";
import { evaluate } from "@drift-guard/core/evaluate/evaluate";
import { rateSeverity } from "@drift-guard/core/evaluate/severity";
import type { Control } from "@drift-guard/core/model/control";
import { identifyFinding } from "@drift-guard/core/model/identity";
import { worstFirst } from "@drift-guard/core/model/severity";
import type { Answer } from "@drift-guard/core/respond/answer";
import type { AcceptedDrift, GuardSettings } from "../ports.ts";

/**
 * Returns the drifts that the undoing of a rollback accepts, the worst first: those of the role as it was before the rollback,
 * by rollback's own record. None for other answers, and none where the record has only the digest of a document.
 */
export function listUndone(
  answer: Answer,
  { rollbacks }: Pick<Control, "rollbacks">,
  settings: GuardSettings,
): readonly AcceptedDrift[] {
  if (answer.verb !== "undo") return [];
  const rollback = rollbacks.find(({ id }) => id === answer.rollback);
  const watched = findWatchedRole(settings, answer.role);
  if (!rollback || !watched) return [];
  const { reference, guarded } = watched;
  const role = rollback.before;
  const accepted = new Set(answer.accepts.map(({ finding }) => finding));
  return evaluate({ reference, guarded, reading: { status: "present", role } })
    .flatMap((evidence): readonly AcceptedDrift[] => {
      if (evidence.kind !== "drift" || !accepted.has(identifyFinding(role, evidence))) return [];
      return [{ severity: rateSeverity(evidence, { role, config: settings.config }), evidence }];
    })
    .toSorted(worstFirst);
}
