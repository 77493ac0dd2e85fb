import type { RollbackChoice } from "../config/rollback-choice.ts";
import type { Finding } from "../model/finding.ts";
import type { Ledger } from "../model/ledger.ts";

/**
 * Returns the ledger without what rollback said of drifts in another mode than their side has now: a refusal, and the next try
 * that it names, once the side is only simulated or off, and a simulation once it is not simulated any more. In the observing
 * phase (`isObserving`), rollback is simulated in every mode but off. The same object if nothing is outdated.
 */
export function forgetOtherModes(ledger: Ledger, rollback: RollbackChoice, isObserving: boolean): Ledger {
  const findings = ledger.findings.map((finding) => forgetOtherMode(finding, rollback, isObserving));
  const isSame = findings.every((finding, index) => finding === ledger.findings[index]);
  return isSame ? ledger : { ...ledger, findings };
}

function forgetOtherMode(finding: Finding, rollback: RollbackChoice, isObserving: boolean): Finding {
  if (finding.state !== "open" || finding.evidence.kind !== "drift") return finding;
  const mode = rollback[finding.evidence.side];
  const { refusal, retry, simulation, ...rest } = finding;
  const writes = mode === "approve" || mode === "automatic";
  const isRefusalOld = !writes && (refusal !== undefined || retry !== undefined);
  const isSimulated = mode === "simulate" || (isObserving && mode !== "off");
  const isSimulationOld = !isSimulated && simulation !== undefined;
  if (!isRefusalOld && !isSimulationOld) return finding;
  return {
    ...rest,
    ...(!isRefusalOld && refusal !== undefined && { refusal }),
    ...(!isRefusalOld && retry !== undefined && { retry }),
    ...(!isSimulationOld && simulation !== undefined && { simulation }),
  };
}
