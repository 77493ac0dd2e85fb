import { comparePolicies } from "@drift-guard/policy/compare";
import type { Comparison } from "@drift-guard/policy/comparison";
import type { GuardedRole } from "./config.ts";
import type { Assessment, Drift, DriftSide } from "./evidence.ts";
import type { Part } from "./part.ts";
import type { Attachment, Reference } from "./reference.ts";
import { localiseReference } from "./references.ts";
import type { AttachedPolicy, Role, RoleReading } from "./role.ts";

/** What an evaluation looks at. */
export interface Evaluation {
  readonly reference: Reference;
  readonly guarded: GuardedRole;
  readonly reading: RoleReading;
}

/** Every difference between a role and its reference, part by part; a pure function, without clock or randomness. */
export function evaluate({ reference, guarded, reading }: Evaluation): readonly Assessment[] {
  if (reading.status === "absent") {
    return guarded.required
      ? [
          drift("role", "missing", {
            detail: `The role ${reading.name} does not exist in account ${reading.account}.`,
          }),
        ]
      : [];
  }
  const { role } = reading;
  const expected = localiseReference(reference, role.partition);
  return [
    ...assessPlace(role, expected),
    ...assessTrust(role, expected),
    ...expected.attachments.flatMap((attachment) => assessAttachment(role, attachment)),
    ...assessExtras(role, expected),
    ...assessBoundary(role, expected),
  ];
}

// A plain role can carry a service-linked role's name at another path, and then is another role (T8).
function assessPlace(role: Role, { path }: Reference): readonly Assessment[] {
  if (path === undefined || role.path === path) return [];
  return [
    drift("role", "altered", {
      detail: `${role.name} stands at path ${role.path}, not at ${path}: it is not the role that AWS keeps, but one of the same name.`,
    }),
  ];
}

// R8, R9, R42: the trust must mean what the reference says; conditions that harden it are welcome (2.10).
function assessTrust(role: Role, { trust }: Reference): readonly Assessment[] {
  const comparison = comparePolicies(role.trust, trust, {
    kind: "trust",
    account: role.account,
    partition: role.partition,
  });
  return differences("trust", comparison);
}

// R5, R40: the attachment counts, an inline copy does not; AWS's own new version is information (platform-facts 1).
function assessAttachment(role: Role, attachment: Attachment): readonly Assessment[] {
  const part: Part = `managed:${attachment.arn}`;
  const attached = role.attached.find(({ arn }) => arn === attachment.arn);
  if (!attached) {
    const { missing } = comparePolicies([], attachment.document, { kind: "identity" });
    return [
      drift(part, "missing", { grants: missing, detail: `The policy ${attachment.arn} is not attached.` }),
    ];
  }
  if (!attached.version.observed) return [undecided(part, [attached.version.why])];
  const comparison = comparePolicies(attached.version.value.text, attachment.document, { kind: "identity" });
  if (!isOwnedByAws(attached.arn)) return differences(part, comparison);
  const added = [...comparison.excess, ...comparison.deniesRemoved, ...comparison.latent];
  const removed = [...comparison.missing, ...comparison.deniesAdded];
  if (added.length + removed.length > 0) {
    return [{ kind: "vendor-change", part, version: attached.version.value.id, added, removed }];
  }
  return undecidedPart(part, comparison);
}

// A further policy is drift only by what it gives beyond all that the role may have, or by what it takes away (R6, R39).
function assessExtras(role: Role, reference: Reference): readonly Assessment[] {
  const required = new Set(reference.attachments.map(({ arn }) => arn));
  const rightful = [
    ...reference.attachments.map(({ document }) => document),
    ...(reference.allowed ? [reference.allowed.document] : []),
    ...role.attached.flatMap(({ arn, version }) =>
      required.has(arn) && isOwnedByAws(arn) && version.observed ? [version.value.text] : [],
    ),
  ];
  const assess = (part: Part, text: string) =>
    differences(part, comparePolicies([text, ...rightful], rightful, { kind: "identity" }));
  return [
    ...role.attached
      .filter(({ arn }) => !required.has(arn))
      .flatMap(({ arn, version }) =>
        version.observed
          ? assess(`managed:${arn}`, version.value.text)
          : [undecided(`managed:${arn}`, [version.why])],
      ),
    ...role.inline.flatMap(({ name, text }) => assess(`inline:${name}`, text)),
  ];
}

function assessBoundary({ boundary, name }: Role, reference: Reference): readonly Assessment[] {
  if (reference.boundary === "any") return [];
  if (!boundary.observed) return [undecided("boundary", [boundary.why])];
  const policy: AttachedPolicy | null = boundary.value;
  if (policy === null) return [];
  return [
    drift("boundary", "altered", {
      detail: `${name} has the permissions boundary ${policy.arn}; its reference has none, and a boundary cuts what the role needs.`,
    }),
  ];
}

function differences(part: Part, comparison: Comparison): readonly Assessment[] {
  const { excess, missing, deniesAdded, deniesRemoved } = comparison;
  return [
    ...(excess.length + deniesRemoved.length > 0
      ? [drift(part, "excess", { grants: excess, denies: deniesRemoved })]
      : []),
    ...(missing.length + deniesAdded.length > 0
      ? [drift(part, "missing", { grants: missing, denies: deniesAdded })]
      : []),
    ...undecidedPart(part, comparison),
  ];
}

function undecidedPart(part: Part, { undecided: reasons, relation }: Comparison): readonly Assessment[] {
  if (reasons.length > 0)
    return [
      undecided(
        part,
        reasons.map(({ message }) => message),
      ),
    ];
  return relation === "undecided" ? [undecided(part, ["The comparison could not be decided."])] : [];
}

function undecided(part: Part, reasons: readonly string[]): Assessment {
  return { kind: "undecided", part, reasons };
}

function drift(
  part: Part,
  side: DriftSide,
  { grants = [], denies = [], detail }: Partial<Pick<Drift, "grants" | "denies" | "detail">>,
): Drift {
  return { kind: "drift", part, side, grants, denies, ...(detail !== undefined && { detail }) };
}

/** Whether AWS keeps a managed policy: the account cannot edit it. */
export function isOwnedByAws(policyArn: string): boolean {
  return /^arn:[\w-]+:iam::aws:policy\//.test(policyArn);
}
