import type { Assessment } from "../model/evidence.ts";
import type { FixStep } from "../model/fix.ts";
import { serialiseGrants } from "../model/identity.ts";
import { type AttachedPolicy, type Role, type RoleReading, seen, unseen } from "../model/role.ts";
import { localiseReference } from "../reference/built-in.ts";
import type { Reference } from "../reference/reference.ts";
import { applyStep } from "../rollback/apply-step.ts";

/** A role, and its assessments. */
export interface Trial {
  readonly reading: RoleReading;
  readonly assessments: readonly Assessment[];
}

/** What a trial needs to know besides the role. */
export interface TrialSettings {
  readonly reference: Reference;
  /** The partition of the account; it matters only where the role is absent. */
  readonly partition: string;
  /**
   * Managed policies as they are now, by ARN: what a step attaches has this document. One that is left out has that of the
   * reference.
   */
  readonly policies?: ReadonlyMap<string, AttachedPolicy>;
  /** Returns every assessment of a role. Pure. */
  readonly assess: (reading: RoleReading) => readonly Assessment[];
}

/** Quotas that AWS raises only on request (docs/aws-facts.md, "IAM limits"). */
const maxAttached = 10;
const maxInlineCharacters = 10_240;
const maxTrustCharacters = 2_048;

/**
 * Returns a role after steps, with its assessments. Undefined if IAM would refuse a step, because the role then has more
 * than a quota allows, and more than it has now.
 */
export function trySteps(
  { reading }: Pick<Trial, "reading">,
  steps: readonly FixStep[],
  settings: TrialSettings,
): Trial | undefined {
  const after = applySteps(reading, steps, settings);
  return "quota" in after ? undefined : { reading: after, assessments: settings.assess(after) };
}

/** Says which quota of IAM steps would exceed, and what a person can do instead; undefined if they exceed none. */
export function explainRefusal(
  { reading }: Pick<Trial, "reading">,
  steps: readonly FixStep[],
  settings: TrialSettings,
): string | undefined {
  const after = applySteps(reading, steps, settings);
  if (!("quota" in after)) return undefined;
  const { quota, size } = after;
  switch (quota) {
    case "attached":
      return `IAM attaches ${maxAttached} managed policies to a role, and the role would have ${size}. Join two of its own policies into one, or ask AWS for a higher quota (at most 20), and check again.`;
    case "inline":
      return `IAM takes ${maxInlineCharacters} characters in all inline policies of a role together, and the role would have ${size}. Put some of their grants into a customer managed policy, and check again.`;
    case "trust":
      return `IAM takes ${maxTrustCharacters} characters in a trust policy, and this one would have ${size}. Join its statements, or ask AWS for a higher quota (at most 4,096), and check again.`;
  }
}

/** A quota that a step would exceed. `size` is the number of policies or characters that the role would have. */
interface QuotaRefusal {
  readonly quota: keyof ReturnType<typeof measure>;
  readonly size: number;
}

function applySteps(
  reading: RoleReading,
  steps: readonly FixStep[],
  settings: TrialSettings,
): RoleReading | QuotaRefusal {
  let current = reading;
  for (const step of steps) {
    const next = applyFixStep(current, step, settings);
    const refusal = findRefusal(current, next);
    if (refusal) return refusal;
    current = next;
  }
  return current;
}

/** Returns a role after a step. A step that cannot be carried out in the role's state changes nothing. */
export function applyFixStep(
  reading: RoleReading,
  step: FixStep,
  { reference, partition, policies }: Pick<TrialSettings, "reference" | "partition" | "policies">,
): RoleReading {
  if (reading.status === "absent") {
    const { account, name } = reading;
    if (step.call === "iam:CreateRole") {
      const { boundary, description = "", maxSession = defaultMaxSession, tags = {} } = step;
      const role = {
        ...createRole({ account, name, partition, path: step.path, trust: step.document }),
        description: seen(description),
        maxSession: seen(maxSession),
        tags: seen(tags),
      };
      return {
        status: "present",
        role:
          boundary === undefined
            ? role
            : {
                ...role,
                boundary: seen(policies?.get(boundary) ?? readBoundary(boundary, reference, partition)),
              },
      };
    }
    if (step.call === "iam:CreateServiceLinkedRole") {
      const { path = "/", trust, attachments } = localiseReference(reference, partition);
      const role = createRole({ account, name, partition, path, trust });
      const attached = attachments.map(({ arn, version, document }) => ({
        arn,
        version: seen({ id: version, text: document }),
      }));
      return { status: "present", role: { ...role, attached } };
    }
    return reading;
  }
  const { role } = reading;
  switch (step.call) {
    case "iam:CreateRole":
    case "iam:CreateServiceLinkedRole":
      return reading;
    case "iam:AddRoleToInstanceProfile": {
      const held = role.profiles.observed ? role.profiles.value : [];
      return { status: "present", role: { ...role, profiles: seen([...held, step.profile]) } };
    }
    case "iam:AttachRolePolicy":
      return {
        status: "present",
        role: readAttached(applyStep(role, step), step.policyArn, reference, policies),
      };
    case "iam:PutRolePermissionsBoundary":
      return {
        status: "present",
        role: withBoundary(applyStep(role, step), step.policyArn, reference, policies),
      };
    default:
      return { status: "present", role: applyStep(role, step) };
  }
}

// A policy that the reference does not hold stays unread, so that its document is undecided.
function readAttached(
  role: Role,
  arn: string,
  reference: Reference,
  policies: TrialSettings["policies"],
): Role {
  const known = localiseReference(reference, role.partition).attachments.find((one) => one.arn === arn);
  const policy =
    policies?.get(arn) ?? (known && { arn, version: seen({ id: known.version, text: known.document }) });
  if (!policy) return role;
  return { ...role, attached: role.attached.map((one) => (one.arn === arn ? policy : one)) };
}

// The role may show the document of its new boundary elsewhere.
function withBoundary(
  role: Role,
  arn: string,
  reference: Reference,
  policies: TrialSettings["policies"],
): Role {
  const isRead = role.boundary.observed && role.boundary.value?.version.observed;
  const policy = policies?.get(arn) ?? readBoundary(arn, reference, role.partition);
  return isRead ? role : { ...role, boundary: seen(policy) };
}

// IAM shows the boundary's live document, which is taken to be the reference's until the role is read.
function readBoundary(arn: string, reference: Reference, partition: string): AttachedPolicy {
  const { boundary } = localiseReference(reference, partition);
  const document = typeof boundary === "object" && boundary.arn === arn ? boundary.document : undefined;
  const unread = unseen("It was not read after it became the boundary.");
  return { arn, version: document === undefined ? unread : seen({ id: "new", text: document }) };
}

// Seconds (docs/aws-facts.md, "IAM reads and writes").
const defaultMaxSession = 3_600;

function createRole({
  account,
  name,
  partition,
  path,
  trust,
}: Pick<Role, "account" | "name" | "partition" | "path" | "trust">): Role {
  return {
    account,
    partition,
    name,
    id: "",
    path,
    arn: `arn:${partition}:iam::${account}:role${path}${name}`,
    trust,
    attached: [],
    inline: [],
    boundary: seen(null),
    tags: seen({}),
    description: seen(""),
    maxSession: seen(defaultMaxSession),
    profiles: seen([]),
  };
}

function findRefusal(before: RoleReading, after: RoleReading): QuotaRefusal | undefined {
  if (after.status === "absent") return undefined;
  const [had, has] = [measure(before), measure(after)];
  const limits = { attached: maxAttached, inline: maxInlineCharacters, trust: maxTrustCharacters };
  for (const quota of ["attached", "inline", "trust"] as const) {
    if (has[quota] > Math.max(had[quota], limits[quota])) return { quota, size: has[quota] };
  }
  return undefined;
}

function measure(reading: RoleReading) {
  if (reading.status === "absent") return { attached: 0, inline: 0, trust: 0 };
  const { attached, inline, trust } = reading.role;
  const sizeOf = (text: string) => text.replaceAll(/\s/g, "").length;
  return {
    attached: attached.length,
    inline: inline.reduce((sum, { text }) => sum + sizeOf(text), 0),
    trust: sizeOf(trust),
  };
}

/** What a trial showed about one assessment. */
export type TrialResult =
  /** It is gone, and nothing else is new or worse. */
  | { readonly kind: "clears" }
  /** It lost grants, and nothing is new or worse. */
  | { readonly kind: "reduces" }
  /** It is as before. */
  | { readonly kind: "keeps" }
  | { readonly kind: "worsens"; readonly worse: readonly Assessment[] };

/** Compares the assessments before and after a trial. A version that AWS published is no problem that the trial made, unless the role then lacks what it takes away. */
export function judgeTrial(
  fixed: Assessment,
  before: readonly Assessment[],
  after: readonly Assessment[],
): TrialResult {
  const had = new Map(before.map((one) => [keyOf(one), one]));
  const worse = after.filter((one) => !isNews(one) && isWorse(had.get(keyOf(one)), one));
  if (worse.length > 0) return { kind: "worsens", worse };
  const rest = after.find((one) => keyOf(one) === keyOf(fixed));
  if (!rest) return { kind: "clears" };
  return factsOf(rest).length < factsOf(fixed).length ? { kind: "reduces" } : { kind: "keeps" };
}

function isNews(assessment: Assessment): boolean {
  return assessment.kind === "vendor-change" && !assessment.lost;
}

/** Returns what identifies the finding of an assessment within a role. */
export function keyOf(assessment: Assessment): string {
  const { kind, part } = assessment;
  if (kind === "drift") return `${part} ${assessment.side}`;
  return kind === "note" ? `${part} note ${assessment.topic}` : `${part} ${kind}`;
}

function isWorse(before: Assessment | undefined, after: Assessment): boolean {
  if (!before) return true;
  const had = new Set(factsOf(before));
  return factsOf(after).some((fact) => !had.has(fact));
}

function factsOf(assessment: Assessment): readonly string[] {
  switch (assessment.kind) {
    case "drift":
      return [
        ...serialiseSingly(assessment.grants),
        ...serialiseGrants(assessment.denies).map((deny) => `deny ${deny}`),
        ...(assessment.escalates ? ["escalates"] : []),
        ...(assessment.harmless ? [] : ["stops something"]),
        // Grants say all about the other sides.
        ...(assessment.side === "altered" ? [assessment.detail ?? ""] : []),
      ];
    case "undecided":
      return assessment.reasons;
    case "note":
      return [...assessment.details, ...serialiseSingly(assessment.grants)];
    case "vendor-change":
      return assessment.lost ? ["lost"] : [];
  }
}

// One text for each action and resource: what is left of a grant of several is part of it. How much a boundary lets through
// is no part of a difference.
function serialiseSingly(grants: Parameters<typeof serialiseGrants>[0]): readonly string[] {
  return serialiseGrants(
    grants.flatMap(({ remains: _, ...grant }) =>
      grant.actions.flatMap((action) =>
        (grant.resources ?? [undefined]).map((resource) => ({
          ...grant,
          actions: [action],
          ...(resource !== undefined && { resources: [resource] }),
        })),
      ),
    ),
  );
}
