import { type Evaluation, evaluate } from "../evaluate/evaluate.ts";
import { isReadable } from "../evaluate/floor.ts";
import type { Assessment, Drift } from "../model/evidence.ts";
import type { Finding } from "../model/finding.ts";
import { digestEvidence, identifyFinding } from "../model/identity.ts";
import type { Part } from "../model/part.ts";
import { type Role, type RoleReading, seen } from "../model/role.ts";
import { localiseReference } from "../reference/built-in.ts";
import type { Reference } from "../reference/reference.ts";

/** A role, or a drift of it, cannot be taken into a reference; the text says why and what to do instead. */
export class CaptureError extends Error {
  override readonly name = "CaptureError";
}

/** A reference that a role was captured into. */
export interface Captured {
  readonly reference: Reference;
  /** What was left to the owner, each a sentence. */
  readonly notes: readonly string[];
}

// Where AWS's console and most people put roles; any other path was chosen, and so is held.
const usualPaths: readonly string[] = ["/", "/service-role/"];

/**
 * What a role is right now, as a reference: evaluated against it, the role is clean. `date` is the day of the reading.
 * Throws `CaptureError` where a policy cannot be read.
 */
export function captureRole(role: Role, date: string): Captured {
  const source = { title: `Captured from the live role ${role.name}`, date };
  const [, linked] = /^\/aws-service-role\/([^/]+)\/$/.exec(role.path) ?? [];
  const { boundary, profiles } = role;
  if (!boundary.observed) throw unread(role, boundary.why);
  const odd = [
    { name: "trust", text: role.trust },
    ...role.inline,
    ...role.attached.flatMap(({ arn, version }) =>
      version.observed ? [{ name: arn, text: version.value.text }] : [],
    ),
  ].find(({ text }) => !isReadable(text));
  if (odd) throw unread(role, `Its ${odd.name} is no policy that can be read.`);
  const held = profiles.observed ? profiles.value : [];
  const [profile] = held;
  const reference: Reference = {
    role: role.name,
    ...(role.description.observed && role.description.value !== "" && { purpose: role.description.value }),
    ...(linked !== undefined && { serviceLinked: linked }),
    ...(!usualPaths.includes(role.path) && { path: role.path }),
    source,
    trust: role.trust,
    attachments: role.attached.map(({ arn, version }) => {
      if (!version.observed) throw unread(role, version.why);
      return { arn, version: version.value.id, document: version.value.text, source };
    }),
    ...(role.inline.length > 0 && {
      floor: { document: joinDocuments(role.inline.map(({ text }) => text)), source },
    }),
    retired: [],
    ...(held.length === 1 && profile !== undefined && { profile }),
    boundary: boundary.value === null ? "none" : "any",
    strictness: { trust: "exact", attachments: "required", floor: "required", ceiling: "closed" },
  };
  return {
    reference,
    notes: [
      ...(linked !== undefined || usualPaths.includes(role.path)
        ? []
        : [`To have it put back, say paths: ["${role.path}"] for it in the configuration.`]),
      ...(boundary.value === null
        ? []
        : [
            `It has the boundary ${boundary.value.arn}: the reference lets it have any that leaves what it needs.`,
          ]),
      ...(profiles.observed ? [] : [`Instance profiles are not in the reference. ${profiles.why}`]),
      ...(held.length > 1
        ? [`It is in ${held.length} instance profiles: set "profile" to the one that must hold it.`]
        : []),
    ],
  };
}

function unread({ name }: Role, why: string): CaptureError {
  return new CaptureError(`${name} cannot be captured whole. ${why}`);
}

/**
 * The reference with accepted drifts taken into it, and nothing else. Throws `CaptureError` where the role has moved
 * since a finding was told, where it cannot be taken by itself, or where more would be taken than was accepted.
 */
export function takeDrifts(
  { reference, guarded, reading }: Evaluation,
  findings: readonly Finding[],
  date: string,
): Reference {
  if (reading.status === "absent") {
    throw new CaptureError(
      `${reading.name} does not exist. Where it need not, say so: "required: false" in the configuration.`,
    );
  }
  const { role } = reading;
  const before = evaluate({ reference, guarded, reading });
  const accepted = findings.map((finding) => findAccepted(finding, role, before));
  const after = accepted.reduce(
    (taken, assessment) => takeOne(taken, assessment, role, date),
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
    `It cannot be taken by itself: ${stray.map(({ part }) => part).join(", ")} would change with it. Take those findings together, or capture ${role.name} anew.`,
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
    `The role ${role.name} is not as finding ${finding.id} tells it: it has moved since, or the finding is not of its reference. See it with drift-guard check ${role.name}.`,
  );
}

function takeOne(reference: Reference, assessment: Assessment, role: Role, date: string): Reference {
  const source = { title: `Accepted drift of the live role ${role.name}`, date };
  switch (assessment.kind) {
    case "vendor-change":
      return takeAttachment(reference, assessment.part, role, { title: "AWS, its default version", date });
    case "drift":
      return takeDrift(reference, assessment, role, source);
    case "undecided":
    case "note":
      throw new CaptureError(
        `A finding of kind ${assessment.kind} at ${assessment.part} is nothing to take.`,
      );
  }
}

function takeDrift(reference: Reference, drift: Drift, role: Role, source: Reference["source"]): Reference {
  const { part, side } = drift;
  if (part === "trust") {
    return { ...reference, trust: side === "excess" ? addTrust(reference, role, drift) : role.trust };
  }
  if (part === "boundary") return { ...reference, boundary: "any" };
  if (part === "profile") {
    const { profile: _, ...rest } = reference;
    return rest;
  }
  if (part === "role") {
    throw new CaptureError(
      `Where ${role.name} stands is not its reference's to say: add ${role.path} to its paths in the configuration, if it is right.`,
    );
  }
  const text = textOf(role, part);
  if (reference.attachments.some(({ arn }) => part === `managed:${arn}`)) {
    if (text !== undefined) return takeAttachment(reference, part, role, source);
    const attachments = reference.attachments.filter(({ arn }) => part !== `managed:${arn}`);
    return { ...reference, attachments };
  }
  const retired = reference.retired.filter(({ arn }) => part !== `managed:${arn}`);
  if (text === undefined) {
    throw new CaptureError(
      `What ${role.name} lacks at ${part} cannot be taken by itself: capture ${role.name} anew.`,
    );
  }
  const field = side === "excess" ? "allowed" : "floor";
  const taken = keepEffect(text, side === "excess" ? "Allow" : "Deny");
  const known = reference[field];
  const document = joinDocuments([...(known ? [known.document] : []), taken]);
  return { ...reference, retired, [field]: { document, source } };
}

function takeAttachment(
  reference: Reference,
  part: Part,
  role: Role,
  source: Reference["source"],
): Reference {
  return {
    ...reference,
    attachments: reference.attachments.map((attachment) => {
      const attached = role.attached.find(({ arn }) => arn === attachment.arn);
      if (part !== `managed:${attachment.arn}` || !attached?.version.observed) return attachment;
      const { id, text } = attached.version.value;
      return { ...attachment, version: id, document: text, source };
    }),
  };
}

// The live statements that give too much, whole: what of them the reference has already changes nothing.
function addTrust({ trust }: Reference, role: Role, { grants, denies }: Drift): string {
  if (denies.length > 0) return role.trust;
  const given = new Set(grants.flatMap(({ statements }) => statements.map(({ statement }) => statement)));
  const { Statement, ...rest } = readDocument(role.trust);
  const added = JSON.stringify({ ...rest, Statement: Statement.filter((_, index) => given.has(index)) });
  return joinDocuments([trust, added]);
}

function textOf(role: Role, part: Part): string | undefined {
  const managed = role.attached.find(({ arn }) => part === `managed:${arn}`);
  if (managed) return managed.version.observed ? managed.version.value.text : undefined;
  return role.inline.find(({ name }) => part === `inline:${name}`)?.text;
}

function keepEffect(text: string, effect: "Allow" | "Deny"): string {
  const { Statement, ...rest } = readDocument(text);
  const kept = Statement.filter(
    (statement) =>
      typeof statement === "object" &&
      statement !== null &&
      "Effect" in statement &&
      statement.Effect === effect,
  );
  return JSON.stringify({ ...rest, Statement: kept });
}

// Ids of documents and statements mean nothing, and would collide.
function joinDocuments(texts: readonly string[]): string {
  const documents = texts.map(readDocument);
  const versions = new Set(documents.map(({ Version = "2008-10-17" }) => Version));
  // In the older version `${…}` is text, in the newer a variable: elsewhere the two mean the same.
  if (versions.size > 1 && texts.some((text) => text.includes("${"))) {
    throw new CaptureError(
      "Policies of versions 2008-10-17 and 2012-10-17 with ${…} in them cannot stand in one document: bring them to one version first.",
    );
  }
  return JSON.stringify({
    Version: versions.size > 1 ? "2012-10-17" : [...versions][0],
    Statement: documents.flatMap(({ Statement }) => Statement.map(withoutSid)),
  });
}

function withoutSid(statement: unknown): unknown {
  if (typeof statement !== "object" || statement === null) return statement;
  return Object.fromEntries(Object.entries(statement).filter(([element]) => element !== "Sid"));
}

function readDocument(text: string): { readonly Version?: unknown; readonly Statement: readonly unknown[] } {
  const { Version, Statement }: { readonly Version?: unknown; readonly Statement?: unknown } =
    JSON.parse(text);
  return {
    ...(Version !== undefined && { Version }),
    Statement: Array.isArray(Statement) ? Statement : [Statement],
  };
}

/** A role that is exactly as its reference says, in an account of no importance: a reference that is sound is clean of it. */
export function exemplifyReference(reference: Reference): RoleReading {
  const account = "123456789012";
  const name = reference.role;
  const path = reference.path ?? "/";
  return {
    status: "present",
    role: {
      account,
      partition: "aws",
      name,
      id: "AROAEXAMPLE",
      path,
      arn: `arn:aws:iam::${account}:role${path}${name}`,
      trust: reference.trust,
      attached: reference.attachments.map(({ arn, version, document }) => ({
        arn,
        version: seen({ id: version, text: document }),
      })),
      inline: reference.floor ? [{ name: "floor", text: reference.floor.document }] : [],
      boundary: seen(null),
      tags: seen({}),
      description: seen(""),
      maxSession: seen(3600),
      profiles: seen(reference.profile === undefined ? [] : [reference.profile]),
    },
  };
}
