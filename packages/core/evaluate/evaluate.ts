import { comparePolicies } from "@drift-guard/policy/compare";
import type { GuardedRole } from "../config/config.ts";
import type { Organization } from "../config/organization.ts";
import type { Assessment } from "../model/evidence.ts";
import { partOf } from "../model/part.ts";
import { type AttachedPolicy, type Role, type RoleReading, sameRoleName } from "../model/role.ts";
import { localiseReference } from "../reference/built-in.ts";
import type { Reference, Strictness } from "../reference/reference.ts";
import { assessAttachment } from "./attachment.ts";
import { drift, undecided, undecidedPart } from "./differences.ts";
import { createEscalationCheck } from "./escalation.ts";
import { assessExtras } from "./extras.ts";
import { assessFloor } from "./floor.ts";
import { assessTrust } from "./trust.ts";

/** A role as read, and what it is compared with. */
export interface Evaluation {
  readonly reference: Reference;
  readonly guarded: GuardedRole;
  readonly reading: RoleReading;
  /** The account's organisation; left out if it is not known. */
  readonly organization?: Organization;
}

/**
 * Returns every difference between a role and its reference, part by part. A pure function of its input. An absent role
 * is one drift, at the part `role`, if it is required.
 */
export function evaluate({ reference, guarded, reading, organization }: Evaluation): readonly Assessment[] {
  if (reading.status === "absent") {
    return guarded.required === true
      ? [
          drift(partOf("role"), "missing", {
            detail: `The role ${reading.name} does not exist in account ${reading.account}.`,
          }),
        ]
      : [];
  }
  const { role } = reading;
  const expected = localiseReference(reference, role.partition);
  const strictness = strictnessOf(reference, guarded);
  const assessments = [
    ...assessPath(role, expected, guarded),
    ...assessTrust(role, expected, strictness, organization),
    ...(strictness.attachments === "required"
      ? expected.attachments.flatMap((attachment) => assessAttachment(role, attachment, strictness))
      : []),
    ...assessExtras(role, expected, strictness, guarded),
    ...assessFloor(role, expected, strictness),
    ...assessBoundary(role, expected),
    ...assessProfile(role, profileOf({ name: role.name, reference, guarded })),
  ];
  const check = createEscalationCheck(role);
  return assessments.map((assessment) => markEscalation(assessment, check));
}

function markEscalation(assessment: Assessment, check: ReturnType<typeof createEscalationCheck>): Assessment {
  if (assessment.kind !== "drift" || assessment.side !== "excess" || assessment.part.kind === "trust") {
    return assessment;
  }
  const found = check(assessment.grants);
  if (found === undefined) return assessment;
  const detail = [assessment.detail, found.detail].filter((text) => text !== undefined).join(" ");
  return { ...assessment, detail, escalates: true };
}

/** Returns how strictly each part is compared: the owner's choice, else the reference's. */
export function strictnessOf(reference: Reference, { strictness: chosen }: GuardedRole): Strictness {
  const { trust, attachments, floor, ceiling } = reference.strictness;
  return {
    trust: chosen.trust ?? trust,
    attachments: chosen.attachments ?? attachments,
    floor: chosen.floor ?? floor,
    ceiling: chosen.ceiling ?? ceiling,
  };
}

/**
 * Returns the instance profile that must hold a role: the owner's choice, else the reference's. A reference whose profile
 * has the reference's own name stands for a profile of the role's name. Undefined if none is required.
 */
export function profileOf({
  name,
  reference,
  guarded,
}: Pick<Evaluation, "reference" | "guarded"> & { readonly name: string }): string | undefined {
  if (guarded.profile !== undefined || reference.profile === undefined) return guarded.profile;
  return sameRoleName(reference.profile, reference.role) ? name : reference.profile;
}

// An ordinary role can have a service-linked role's name at another path, and is then another role (T8). AWS Batch names
// roles by ARN, which contains the path (2.8).
function assessPath(
  role: Role,
  { path, serviceLinked }: Reference,
  { paths }: GuardedRole,
): readonly Assessment[] {
  if (path !== undefined) {
    if (role.path === path) return [];
    return [
      drift(partOf("role"), "altered", {
        detail:
          serviceLinked === undefined
            ? `${role.name} is at path ${role.path}, not at ${path}: a compute environment that names its ARN does not find it.`
            : `${role.name} is at path ${role.path}, not at ${path}: it is not the role that AWS manages, but another of the same name.`,
      }),
    ];
  }
  if (paths.length === 0 || paths.includes(role.path)) return [];
  return [
    drift(partOf("role"), "altered", {
      detail: `${role.name} is at path ${role.path}; the configuration expects ${paths.join(" or ")}. A compute environment that names its ARN does not find it. If the path is right, add it to the role's paths.`,
    }),
  ];
}

// A boundary is judged by what it takes from what the reference requires. One that takes nothing is information.
function assessBoundary(
  { boundary, name }: Role,
  { boundary: expected, attachments, floor }: Reference,
): readonly Assessment[] {
  if (expected === "any") return [];
  const part = partOf("boundary");
  if (!boundary.observed) return [undecided(part, [boundary.why])];
  const policy: AttachedPolicy | null = boundary.value;
  if (policy === null) return [];
  const { arn, version } = policy;
  const found = `${name} has the permissions boundary ${arn}; its reference has none`;
  if (!version.observed) {
    const detail = `${found}. What it blocks is unknown: ${version.why}`;
    return [drift(part, "altered", { detail })];
  }
  const required = [...attachments, ...(floor ? [floor] : [])].map(({ document }) => document);
  const comparison = comparePolicies(version.value.text, required, { kind: "identity" });
  const { missing, deniesAdded, undecided: reasons } = comparison;
  if (missing.length > 0) {
    const detail = `${found}. It blocks permissions that the role must have.`;
    return [
      drift(part, "missing", { grants: missing, denies: deniesAdded, detail }),
      ...undecidedPart(part, comparison),
    ];
  }
  return reasons.length > 0
    ? undecidedPart(part, comparison)
    : [
        {
          ...drift(part, "altered", { detail: `${found}. It blocks nothing that the role must have.` }),
          harmless: true,
        },
      ];
}

// 2.1: compute environments name the profile; creating it and adding the role to it are separate calls.
function assessProfile({ profiles, name }: Role, profile: string | undefined): readonly Assessment[] {
  if (profile === undefined) return [];
  if (!profiles.observed) return [undecided(partOf("profile"), [profiles.why])];
  if (profiles.value.some((held) => sameRoleName(held, profile))) return [];
  return [
    drift(partOf("profile"), "missing", {
      detail: `The instance profile ${profile} does not hold ${name}: no instance can get the role through it.`,
    }),
  ];
}
