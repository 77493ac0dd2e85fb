import { formatUses } from "../batch/role-use-text.ts";
import type { Evidence } from "../model/evidence.ts";
import type { FindingBody } from "../model/finding.ts";
import { noteTopics } from "../model/note-topic.ts";
import { Severity } from "../model/severity.ts";
import type { Observation } from "./observation.ts";

const maxSymptoms = 5;

/** Returns a finding's fields other than its evidence: the role's ARN and reference, its uses, and symptoms in AWS Batch. */
export function describeContext(
  before: FindingBody | undefined,
  evidence: Evidence,
  { uses, cause, ledger, reference, ...observation }: Observation,
): Pick<FindingBody, "arn" | "reference" | "usedBy" | "symptoms"> {
  const told = uses && formatUses(uses);
  // An absent role has no ARN to read: take it from another finding of the role.
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

/** Whether evidence can explain a failed job. Excess cannot: it stops no job. */
export function explainsFailure(evidence: Evidence): boolean {
  switch (evidence.kind) {
    case "drift":
      return evidence.side !== "excess";
    case "note":
      return noteTopics[evidence.topic].explainsFailure;
    case "undecided":
      return true;
    case "vendor-change":
      return evidence.lost === true;
    case "attempt":
    case "impersonation":
      return false;
  }
}

/** Whether two states of a finding differ in nothing but evidence, state and times. */
export function hasSameContext(before: FindingBody, after: FindingBody): boolean {
  const around = ({ severity, arn, reference, usedBy, symptoms, causedBy }: FindingBody) =>
    JSON.stringify([severity, arn, reference, usedBy, symptoms, causedBy]);
  return around(before) === around(after);
}

/** Whether a finding became more severe or got its first symptom. Further symptoms are not news. */
export function isWorse(before: FindingBody, after: FindingBody): boolean {
  const rank = ({ severity }: FindingBody) => Severity.options.indexOf(severity);
  return rank(after) < rank(before) || (after.symptoms !== undefined && before.symptoms === undefined);
}
