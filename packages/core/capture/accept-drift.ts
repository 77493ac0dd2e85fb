import { CaptureError } from "../errors.ts";
import { type Evaluation, evaluate } from "../evaluate/evaluate.ts";
import { type Assessment, type Drift, deniesRemoved } from "../model/evidence.ts";
import type { Finding } from "../model/finding.ts";
import { digestEvidence, identifyFinding } from "../model/identity.ts";
import { inlinePart, isSamePart, isSameTagKey, managedPart, type Part } from "../model/part.ts";
import type { Role } from "../model/role.ts";
import { keepEffect, keepStatements } from "../policy-json.ts";
import { localiseReference } from "../reference/built-in.ts";
import type { Reference } from "../reference/reference.ts";
import { captureBoundary, joinLivePolicies, nameReferencePartition } from "./capture.ts";

/**
 * Returns the reference changed so that it accepts the drift of the given findings, and nothing else. Throws
 * `CaptureError` if the role has changed since a finding was recorded, if a drift cannot be accepted by itself, or if
 * other drift would be accepted with it. `date` is the day of the reading, YYYY-MM-DD.
 */
export function acceptDrifts(
  { reference, guarded, reading }: Evaluation,
  findings: readonly Finding[],
  date: string,
): Reference {
  if (reading.status === "absent") {
    throw new CaptureError(
      `${reading.name} does not exist, and a reference does not decide whether it must. ${
        guarded.required === true
          ? 'If it need not exist while nothing uses it, set "required: false" for it in the configuration.'
          : "It must exist while AWS Batch uses it: create it, or change the environments and job definitions that name it."
      }`,
    );
  }
  const { role } = reading;
  const before = evaluate({ reference, guarded, reading });
  const accepted = findings.map((finding) => findAccepted(finding, role, before));
  const after = accepted.reduce(
    (taken, assessment) => acceptAssessment(taken, assessment, role, date),
    localiseReference(reference, role.partition),
  );
  const left = evaluate({ reference: after, guarded, reading });
  const idOf = (assessment: Assessment) => identifyFinding(role, assessment);
  const expected = before.filter((assessment) => !accepted.includes(assessment));
  const stray = [
    ...left.filter((assessment) => !expected.some((other) => idOf(other) === idOf(assessment))),
    ...expected.filter((assessment) => !left.some((other) => idOf(other) === idOf(assessment))),
  ];
  if (stray.length === 0) return after;
  throw new CaptureError(
    `It cannot be accepted by itself: ${stray.map(({ part }) => part).join(", ")} would change with it. Accept those findings together, or replace the whole reference: drift-guard reference capture ${role.name} --force.`,
  );
}

function findAccepted(finding: Finding, role: Role, now: readonly Assessment[]): Assessment {
  const current = now.find(
    (assessment) =>
      identifyFinding(role, assessment) === finding.id &&
      digestEvidence(assessment) === digestEvidence(finding.evidence),
  );
  if (current) return current;
  throw new CaptureError(
    `The role ${role.name} no longer has the drift of finding ${finding.id}: the role has changed, or the finding belongs to another reference. See its present drift with drift-guard check ${role.name}.`,
  );
}

function acceptAssessment(reference: Reference, assessment: Assessment, role: Role, date: string): Reference {
  const source = { title: `Accepted drift of the live role ${role.name}`, date };
  switch (assessment.kind) {
    case "vendor-change":
      return acceptAttachment(reference, assessment.part, role, { title: "AWS, its default version", date });
    case "drift":
      return acceptDrift(reference, assessment, role, source);
    case "undecided":
    case "note":
      throw new CaptureError(
        `A finding of kind ${assessment.kind} at ${assessment.part} cannot be accepted into a reference.`,
      );
  }
}

function acceptDrift(reference: Reference, drift: Drift, role: Role, source: Reference["source"]): Reference {
  const { part, side } = drift;
  if (part.kind === "trust") {
    return { ...reference, trust: side === "excess" ? addTrust(reference, role, drift) : role.trust };
  }
  if (part.kind === "boundary" && role.boundary.observed)
    return { ...reference, boundary: captureBoundary(role.boundary.value) };
  if (part.kind === "description" && role.description.observed)
    return { ...reference, description: role.description.value };
  if (part.kind === "session" && role.maxSession.observed)
    return { ...reference, maxSession: role.maxSession.value };
  if (part.kind === "tag") return { ...reference, tags: acceptTag(reference, role, part.name) };
  if (part.kind === "profile") {
    const { profile: _, ...rest } = reference;
    return rest;
  }
  if (part.kind === "role") {
    throw new CaptureError(
      `A reference does not decide the path of ${role.name}: if ${role.path} is right, add it to the role's paths in the configuration.`,
    );
  }
  const text = textOf(role, part);
  if (reference.attachments.some(({ arn }) => isSamePart(part, managedPart(arn)))) {
    if (text !== undefined) return acceptAttachment(reference, part, role, source);
    const attachments = reference.attachments.filter(({ arn }) => !isSamePart(part, managedPart(arn)));
    return { ...reference, attachments };
  }
  const retired = reference.retired.filter(({ arn }) => !isSamePart(part, managedPart(arn)));
  if (text === undefined) {
    throw new CaptureError(
      `The missing permissions of ${role.name} at ${part} cannot be accepted by themselves. Replace the whole reference: drift-guard reference capture ${role.name} --force.`,
    );
  }
  const field = side === "excess" ? "allowed" : "floor";
  const taken = keepEffect(text, side === "excess" ? "Allow" : "Deny");
  const known = reference[field];
  const document = joinLivePolicies([...(known ? [known.document] : []), taken]);
  return { ...reference, retired, [field]: { document, source } };
}

function acceptTag({ tags = {} }: Reference, role: Role, key: string): Readonly<Record<string, string>> {
  const isOther = ([other]: readonly [string, string]) => !isSameTagKey(other, key);
  const live = role.tags.observed ? Object.entries(role.tags.value).filter((tag) => !isOther(tag)) : [];
  return Object.fromEntries([...Object.entries(tags).filter(isOther), ...live]);
}

function acceptAttachment(
  reference: Reference,
  part: Part,
  role: Role,
  source: Reference["source"],
): Reference {
  return {
    ...reference,
    attachments: reference.attachments.map((attachment) => {
      const attached = role.attached.find(({ arn }) => arn === attachment.arn);
      if (!isSamePart(part, managedPart(attachment.arn)) || !attached?.version.observed) return attachment;
      const { id, text } = attached.version.value;
      const { arn } = attachment;
      return { arn, version: id, ...nameReferencePartition(role), document: text, source };
    }),
  };
}

// Adds each live statement with excess whole; the part of it that the reference has already changes nothing.
function addTrust({ trust }: Reference, role: Role, drift: Drift): string {
  if (deniesRemoved(drift).length > 0) return role.trust;
  const given = new Set(
    drift.grants.flatMap(({ statements }) => statements.map(({ statement }) => statement)),
  );
  return joinLivePolicies([trust, keepStatements(role.trust, (_, index) => given.has(index))]);
}

function textOf(role: Role, part: Part): string | undefined {
  const managed = role.attached.find(({ arn }) => isSamePart(part, managedPart(arn)));
  if (managed) return managed.version.observed ? managed.version.value.text : undefined;
  return role.inline.find(({ name }) => isSamePart(part, inlinePart(name)))?.text;
}
