import type { Transition, TransitionKind } from "../model/transition.ts";

// What a person or rollback did about a finding is told, whatever its severity is.
const informingKinds: readonly TransitionKind[] = [
  "opened",
  "worsened",
  "improved",
  "attributed",
  "resolved",
  "reopened",
  "recurred",
  "simulated",
];

/** Whether a transition is for information only, and needs nobody: such as another version of a policy of AWS. */
export function isInformation({ kind, finding }: Transition): boolean {
  return finding.severity === "INFORMATIONAL" && informingKinds.includes(kind);
}
