import { comparePolicies } from "@drift-guard/policy/compare";
import type { PolicyDocument } from "@drift-guard/policy/document";
import { PolicySyntaxError } from "@drift-guard/policy/syntax-error";
import type { Assessment, Undecided } from "../model/evidence.ts";
import type { Grant } from "../model/grant.ts";
import { partOf } from "../model/part.ts";
import type { Role } from "../model/role.ts";
import { filterByEffect, listStatementTexts, readPolicy, withoutStatements } from "../policy-json.ts";
import type { Reference, Strictness } from "../reference/reference.ts";
import { compareTexts } from "./comparison.ts";

/**
 * Returns the required grants that no policy of the role allows, and the required Denies that it lacks, at the part
 * `permissions`. Leaves out what other parts report: an added Deny at its policy, an absent or altered attachment at the
 * attachment.
 */
export function assessFloor(role: Role, reference: Reference, strictness: Strictness): readonly Assessment[] {
  const required = listRequired(reference, strictness);
  if (required.length === 0) return [];
  const policies = readPolicies(role);
  const reportedElsewhere = strictness.attachments === "required" ? reference.attachments : [];
  // Attachments count as present here: assessAttachment reports those that are absent or altered.
  const held = [...policies.documents, ...reportedElsewhere.map(({ document }) => readPolicy(document))];
  const allowed = filterByEffect(held, "Allow");
  // A statement that the role has word for word lacks nothing, even if it is of a kind that cannot be compared.
  const same = new Set(allowed.flatMap(listStatementTexts));
  const further = required.map((text) => withoutStatements(readPolicy(text), same));
  const requiresMore = filterByEffect(further, "Allow").some(({ statements }) => statements.length > 0);
  const { missing, undecided } = requiresMore
    ? comparePolicies(allowed, further, { kind: "identity" })
    : { missing: [], undecided: [] };
  // A Deny of the reference belongs to its floor: a role without it can do more.
  const { deniesRemoved } = comparePolicies(
    filterByEffect(held, "Deny"),
    filterByEffect(required.map(readPolicy), "Deny"),
    { kind: "identity" },
  );
  const blocked = findBlockedGrants(role, reference, required);
  const lacking = [...missing, ...blocked.grants];
  const reportedArns = new Set(reportedElsewhere.map(({ arn }) => arn));
  const unreadable = policies.unreadable
    .filter(({ policy }) => !reportedArns.has(policy))
    .map(({ why }) => why);
  // A policy that cannot be read may allow what seems to be missing.
  const reasons = [
    ...undecided.map(({ message }) => message),
    ...blocked.reasons,
    ...(lacking.length + deniesRemoved.length > 0 ? unreadable : []),
  ];
  if (reasons.length > 0) return [describeUndecided(reasons)];
  return [...describeMissing(lacking, blocked.by), ...describeRemovedDenies(deniesRemoved)];
}

function listRequired({ floor, attachments }: Reference, strictness: Strictness): readonly string[] {
  if (strictness.floor === "off") return [];
  return [
    ...(floor ? [floor.document] : []),
    // If attachments are not compared, their grants are required from any policy.
    ...(strictness.attachments === "off" ? attachments.map(({ document }) => document) : []),
  ];
}

interface RolePolicies {
  readonly documents: readonly PolicyDocument[];
  /** Managed policies by ARN, inline ones by name. */
  readonly unreadable: readonly { readonly policy: string; readonly why: string }[];
}

function readPolicies(role: Role): RolePolicies {
  const documents: PolicyDocument[] = [];
  const unreadable: { policy: string; why: string }[] = [];
  const read = (policy: string, text: string) => {
    try {
      documents.push(readPolicy(text));
    } catch (error) {
      if (!(error instanceof PolicySyntaxError)) throw error;
      unreadable.push({ policy, why: `${policy}: ${error.message}` });
    }
  };
  for (const { arn, version } of role.attached) {
    if (version.observed) read(arn, version.value.text);
    else unreadable.push({ policy: arn, why: version.why });
  }
  for (const { name, text } of role.inline) read(name, text);
  return { documents, unreadable };
}

// If the owner may choose any boundary, it must still allow what the role needs.
function findBlockedGrants(
  { boundary }: Role,
  reference: Reference,
  required: readonly string[],
): { readonly grants: readonly Grant[]; readonly reasons: readonly string[]; readonly by?: string } {
  if (reference.boundary !== "any") return { grants: [], reasons: [] };
  if (!boundary.observed) return { grants: [], reasons: [boundary.why] };
  if (boundary.value === null) return { grants: [], reasons: [] };
  const { arn, version } = boundary.value;
  if (!version.observed) return { grants: [], reasons: [version.why] };
  const { missing, undecided } = compareTexts(version.value.text, required, { kind: "identity" });
  return { grants: missing, reasons: undecided.map(({ message }) => message), by: arn };
}

function describeUndecided(reasons: readonly string[]): Undecided {
  return { kind: "undecided", part: partOf("permissions"), reasons };
}

function describeMissing(grants: readonly Grant[], boundary: string | undefined): readonly Assessment[] {
  if (grants.length === 0) return [];
  const detail =
    boundary === undefined
      ? "No policy of the role allows these required permissions."
      : `No policy of the role allows these required permissions, or the permissions boundary ${boundary} blocks them.`;
  return [{ kind: "drift", part: partOf("permissions"), side: "missing", grants, denies: [], detail }];
}

function describeRemovedDenies(denies: readonly Grant[]): readonly Assessment[] {
  if (denies.length === 0) return [];
  return [{ kind: "drift", part: partOf("permissions"), side: "excess", grants: [], denies }];
}
