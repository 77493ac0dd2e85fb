import { formatUses } from "../batch/role-use-text.ts";
import { isSeverityChosen, rateSeverity, weighSeverity } from "../evaluate/severity.ts";
import type { Evidence, NoteTopic } from "../model/evidence.ts";
import { type Finding, Severity } from "../model/finding.ts";
import type { Observation } from "./observation.ts";

/** How bad evidence is, by what it says and by what uses the role; the owner's own choice stands. */
export function rateFinding(evidence: Evidence, { ledger, uses, config }: Observation): Severity {
  const severity = rateSeverity(evidence, ledger.role, config);
  return uses && !isSeverityChosen(evidence, config) ? weighSeverity(severity, evidence, uses) : severity;
}

const maxSymptoms = 5;

/** What a finding says beside its evidence: which role it is, what uses it, and what of AWS Batch suffers from it. */
export function describeContext(
  before: Finding | undefined,
  evidence: Evidence,
  { uses, cause, ledger, reference, ...observation }: Observation,
): Pick<Finding, "arn" | "reference" | "usedBy" | "symptoms"> {
  const told = uses && formatUses(uses);
  // A role that is gone was last read for another finding.
  const arn = observation.arn ?? before?.arn ?? ledger.findings.findLast((known) => known.arn)?.arn;
  const symptom =
    cause.kind === "symptom" && explainsFailure(evidence)
      ? `${cause.at} ${cause.what}: ${cause.reason}`
      : undefined;
  const symptoms = [...new Set([...(symptom === undefined ? [] : [symptom]), ...(before?.symptoms ?? [])])];
  return {
    ...(arn !== undefined && { arn }),
    ...(reference !== undefined && { reference }),
    ...(told && { usedBy: told }),
    ...(symptoms.length > 0 && { symptoms: symptoms.slice(0, maxSymptoms) }),
  };
}

const harmless: readonly NoteTopic[] = [
  "unused-grants",
  "execution-role-as-job-role",
  "linked-role-edited",
  "unconfirmed-call",
];

/** Whether jobs may fail because of what a piece of evidence says: a role that gives too much keeps none from running. */
export function explainsFailure(evidence: Evidence): boolean {
  switch (evidence.kind) {
    case "drift":
      return evidence.side !== "excess";
    case "note":
      return !harmless.includes(evidence.topic);
    case "undecided":
      return true;
    case "vendor-change":
    case "attempt":
    case "impersonation":
      return false;
  }
}

/** Whether a finding says the same beside its evidence. */
export function hasSameContext(before: Finding, after: Finding): boolean {
  const around = ({ severity, arn, reference, usedBy, symptoms, causedBy }: Finding) =>
    JSON.stringify([severity, arn, reference, usedBy, symptoms, causedBy]);
  return around(before) === around(after);
}

/** Whether more suffers than before; further symptoms of what is known to hurt say nothing new. */
export function isWorse(before: Finding, after: Finding): boolean {
  const rank = ({ severity }: Finding) => Severity.options.indexOf(severity);
  return rank(after) < rank(before) || (after.symptoms !== undefined && before.symptoms === undefined);
}
