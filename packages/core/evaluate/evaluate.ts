import type { GuardedRole } from "../config/config.ts";
import type { Organization } from "../config/organization.ts";
import type { Assessment } from "../model/evidence.ts";
import { partOf } from "../model/part.ts";
import { type Role, type RoleReading, sameRoleName } from "../model/role.ts";
import { localiseReference } from "../reference/built-in.ts";
import type { Reference, Strictness } from "../reference/reference.ts";
import { assessAttachment } from "./attachment.ts";
import { assessBoundary, assessChosenBoundary, assessRequiredBoundary } from "./boundary.ts";
import { drift, undecided } from "./differences.ts";
import { createEscalationCheck } from "./escalation.ts";
import { assessExtras } from "./extras.ts";
import { assessFloor } from "./floor.ts";
import { isOver } from "./grant-time.ts";
import { remarks } from "./remarks.ts";
import { assessSettings } from "./settings.ts";
import { assessTrust } from "./trust.ts";

/** A role as read, and what it is compared with. */
export interface Evaluation {
  readonly reference: Reference;
  readonly guarded: GuardedRole;
  readonly reading: RoleReading;
  /** The account's organisation; left out if it is not known. */
  readonly organization?: Organization;
  /** The time of the reading. Left out, no grant with a condition on the time counts as over. */
  readonly now?: Date | undefined;
}

/**
 * Returns every difference between a role and its reference, part by part. A pure function of its input. An absent role
 * is one drift, at the part `role`, if it is required.
 */
export function evaluate({
  reference,
  guarded,
  reading,
  organization,
  now,
}: Evaluation): readonly Assessment[] {
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
  const floor = assessFloor(role, expected, strictness);
  const assessments = [
    ...assessPath(role, expected, guarded),
    ...assessTrust(role, expected, strictness, organization),
    ...(strictness.attachments === "required"
      ? expected.attachments.flatMap((attachment) => assessAttachment(role, attachment, strictness))
      : []),
    ...assessExtras(role, expected, strictness, guarded),
    ...floor,
    // What the floor reports, the boundary does not report again.
    ...assessBoundaryPart(role, expected, floor.length === 0 && isCompared(strictness)),
    ...assessProfile(role, profileOf({ name: role.name, reference, guarded })),
    ...(isCompared(strictness) ? assessSettings(role, expected, strictness) : []),
  ];
  const check = createEscalationCheck(role, now);
  return assessments.map((assessment) => markOver(markEscalation(assessment, check), now));
}

function assessBoundaryPart(role: Role, reference: Reference, isOpen: boolean): readonly Assessment[] {
  const { boundary } = reference;
  if (boundary === "none") return assessBoundary(role, reference);
  if (boundary !== "any") return assessRequiredBoundary(role, boundary);
  return isOpen ? assessChosenBoundary(role) : [];
}

// A role that AWS Batch no longer uses is compared with nothing.
function isCompared({ trust, attachments, floor, ceiling }: Strictness): boolean {
  return trust !== "off" || attachments !== "off" || floor !== "off" || ceiling !== "open";
}

function markOver(assessment: Assessment, now: Date | undefined): Assessment {
  if (assessment.kind !== "drift" || assessment.side !== "excess" || assessment.denies.length > 0)
    return assessment;
  const { grants, detail } = assessment;
  if (grants.length === 0 || !grants.every((grant) => isOver(grant, now))) return assessment;
  const { over } = remarks;
  return { ...assessment, detail: detail === undefined ? over : `${detail} ${over}`, harmless: true };
}

function markEscalation(assessment: Assessment, check: ReturnType<typeof createEscalationCheck>): Assessment {
  if (assessment.kind !== "drift" || assessment.part.kind === "trust") return assessment;
  // Another boundary than the required one lets through what the role's policies allow.
  const isBoundary = assessment.part.kind === "boundary" && assessment.side === "altered";
  if (assessment.side !== "excess" && !isBoundary) return assessment;
  const found = check(assessment.grants);
  if (found === undefined) return assessment;
  const detail = [assessment.detail, found.detail].filter((text) => text !== undefined).join(" ");
  return { ...assessment, detail, escalates: true };
}

/** Returns how strictly each part is compared: the owner's choice, else the reference's. */
export function strictnessOf(reference: Reference, { strictness: chosen }: GuardedRole): Strictness {
  const { trust, attachments, floor, ceiling } = reference.strictness;
  const tags = chosen.tags ?? reference.strictness.tags;
  return {
    ...(tags !== undefined && { tags }),
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
