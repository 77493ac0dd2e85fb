import { formatUses } from "../batch/role-use-text.ts";
import type { Evidence } from "../model/evidence.ts";
import type { FindingBody } from "../model/finding.ts";
import { type Instant, millisecondsBetween } from "../model/instant.ts";
import { noteTopics } from "../model/note-topic.ts";
import { Severity } from "../model/severity.ts";
import type { Observation } from "./observation.ts";

const maxSymptoms = 5;

/**
 * Returns a finding with the fields that its read shows besides its evidence: the role's ARN, id and reference, the texts of
 * its part, its uses, and symptoms in AWS Batch. `before` is the finding before the read, if there was one.
 */
export function addContext(
  { expected, found, ...finding }: FindingBody,
  before: FindingBody | undefined,
  observation: Observation,
): FindingBody {
  // Without both texts at hand, those of the last read stay.
  const texts = observation.textsOf
    ? {}
    : { ...(expected !== undefined && { expected }), ...(found !== undefined && { found }) };
  return { ...finding, ...texts, ...describeContext(before, finding.evidence, observation) };
}

function describeContext(
  before: FindingBody | undefined,
  evidence: Evidence,
  { uses, cause, ledger, reference, ...observation }: Observation,
): Pick<
  FindingBody,
  "arn" | "roleId" | "reference" | "referenceSource" | "expected" | "found" | "usedBy" | "symptoms"
> {
  const { roleId = before?.roleId, referenceSource = before?.referenceSource, textsOf } = observation;
  const { expected, found } = textsOf && evidence.kind === "drift" ? textsOf(evidence.part) : {};
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
    ...(roleId !== undefined && { roleId }),
    ...(reference !== undefined && { reference }),
    ...(referenceSource !== undefined && { referenceSource }),
    ...(expected !== undefined && { expected }),
    ...(found !== undefined && { found }),
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
  const around = (finding: FindingBody) => {
    const { severity, arn, roleId, reference, referenceSource, expected, found } = finding;
    const { usedBy, symptoms, causedBy } = finding;
    const place = [arn, roleId, reference, referenceSource, expected, found];
    return JSON.stringify([severity, ...place, usedBy, symptoms, causedBy]);
  };
  return around(before) === around(after);
}

const seenAgainHours = 24;

/** Whether it is a day or longer that a finding was recorded as seen, so that the time is worth a write. */
export function isSeenLongAgo(
  { lastSeenAt, updatedAt }: Pick<FindingBody, "lastSeenAt" | "updatedAt">,
  now: Instant,
): boolean {
  return millisecondsBetween(lastSeenAt ?? updatedAt, now) >= seenAgainHours * 3_600_000;
}

/** Whether a finding became more severe or got its first symptom. Further symptoms are not news. */
export function isWorse(before: FindingBody, after: FindingBody): boolean {
  const rank = ({ severity }: FindingBody) => Severity.options.indexOf(severity);
  return rank(after) < rank(before) || (after.symptoms !== undefined && before.symptoms === undefined);
}
