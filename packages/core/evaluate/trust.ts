import { comparePolicies } from "@drift-guard/policy/compare";
import type { Comparison } from "@drift-guard/policy/comparison";
import type { Condition, Grant } from "@drift-guard/policy/grant";
import type { Organization } from "../config/organization.ts";
import type { Assessment, Note } from "../model/evidence.ts";
import { partOf } from "../model/part.ts";
import type { Role } from "../model/role.ts";
import { filterByEffect, hasSameStatements, readPolicy } from "../policy-json.ts";
import type { Reference, Strictness } from "../reference/reference.ts";
import { compareTexts, type TextOptions } from "./comparison.ts";
import { describeDifferences } from "./differences.ts";
import { noteOpenTrust } from "./open-trust.ts";

/** Returns the options with which the trust policy of a role is compared: its account, partition and organisation. */
export function trustOptions(
  { account, partition }: Pick<Role, "account" | "partition">,
  organization: Organization | undefined,
): TextOptions {
  return {
    kind: "trust",
    account,
    partition,
    ...(organization !== undefined && { organization: organization.id }),
    ...(organization?.paths !== undefined && { organizationPaths: organization.paths }),
  };
}

/**
 * Returns the differences between a role's trust policy and its reference. The trust must be equivalent to the reference
 * (R8, R9, R42); conditions and Denies that harden it are no drift (2.10, T2), and one that hardens it only if the account is in some
 * organisation is a note. So is a trust that lets in anyone as the reference does.
 */
export function assessTrust(
  role: Role,
  { trust }: Reference,
  strictness: Strictness,
  organization: Organization | undefined,
): readonly Assessment[] {
  if (strictness.trust === "off") return [];
  if (hasSameStatements(role.trust, trust, "trust")) return noteOpenTrust(role);
  const options = trustOptions(role, organization);
  const comparison = compareTrust(role.trust, trust, options);
  const deleted = formatDeletedPrincipals(comparison);
  const shutOut = formatPrincipalOrganization(comparison);
  const assessments = describeDifferences(partOf("trust"), comparison, {
    excess: strictness.trust === "exact",
  });
  return [
    ...assessments.map((assessment) => {
      if (assessment.kind !== "drift") return assessment;
      const details = [assessment.side === "missing" ? shutOut : undefined, deleted];
      const detail = details.filter((text) => text !== undefined).join(" ");
      return detail === "" ? assessment : { ...assessment, detail };
    }),
    ...noteUnknownOrganization(role, comparison, organization),
    // A drift tells of whom the reference does not let in.
    ...(assessments.some((each) => each.kind === "drift" && each.side === "excess")
      ? []
      : noteOpenTrust(role)),
  ];
}

const sourceKey = /^aws:source(?:account|arn|orgid|orgpaths)$/;

/**
 * Compares a trust policy with its reference. Added Denies are left out if they only harden the trust: they are on the
 * source of a request, and the services of the reference escape them (2.10). The comparison's `hardening` has what they take
 * from others.
 */
export function compareTrust(trust: string, reference: string, options: TextOptions): Comparison {
  const comparison = compareTexts(trust, reference, options);
  const isOnSource = ({ conditions }: Grant) => conditions.some(({ key }) => sourceKey.test(key));
  if (comparison.deniesAdded.length === 0 || !comparison.deniesAdded.every(isOnSource)) return comparison;
  const denies = filterByEffect([readPolicy(trust)], "Deny");
  const { missing, undecided } = comparePolicies([reference, ...denies], reference, options);
  return missing.length + undecided.length > 0 ? comparison : { ...comparison, deniesAdded: [] };
}

// Caps on the output: more is noise.
const maxDeletedPrincipals = 3;
const maxValues = 3;

/** Returns one sentence that names the deleted principals in a role's trust policy, or undefined if there are none. */
function formatDeletedPrincipals({ dangling }: Comparison): string | undefined {
  const ids = dangling.filter(({ side }) => side === "candidate").map(({ id }) => id);
  if (ids.length === 0) return undefined;
  const named = formatValues(ids, maxDeletedPrincipals);
  return ids.length === 1
    ? `The trust names a deleted principal, ${named}: re-creating that role or user does not restore the trust.`
    : `The trust names deleted principals, ${named}: re-creating those roles or users does not restore the trust.`;
}

const principalOrganization = /^aws:principalorg(?:id|paths)$/;
const sourceOrganization = /^aws:sourceorg(?:id|paths)$/;

// docs/aws-facts.md, "Trust conditions".
function formatPrincipalOrganization({ missing, deniesAdded }: Comparison): string | undefined {
  const [condition] = listConditions([...missing, ...deniesAdded], principalOrganization);
  const services = listServices(missing);
  if (condition === undefined || services.length === 0) return undefined;
  const isId = condition.key.endsWith("id");
  return `A service is no member of an organisation, so a request by ${formatValues(services, maxValues)} has no ${isId ? "aws:PrincipalOrgID" : "aws:PrincipalOrgPaths"}, and the condition on it shuts the service out. The organisation of the account that a service acts for is in ${isId ? "aws:SourceOrgID" : "aws:SourceOrgPaths"}.`;
}

function noteUnknownOrganization(
  { name, account }: Role,
  { possibleHardening }: Comparison,
  organization: Organization | undefined,
): readonly Note[] {
  if (possibleHardening.length === 0) return [];
  const conditions = listConditions(possibleHardening, sourceOrganization).map(
    ({ key, operator, values }) =>
      `${key.endsWith("id") ? "aws:SourceOrgID" : "aws:SourceOrgPaths"} ${operator} ${formatValues(values, maxValues)}`,
  );
  const setting =
    organization === undefined ? "organization.id" : "organization.paths, with the account's path alone,";
  return [
    {
      kind: "note",
      part: partOf("trust"),
      topic: "unknown-organization",
      details: [
        `The trust policy lets ${formatValues(listServices(possibleHardening), maxValues)} assume ${name} only under a condition on the organisation: ${formatValues([...new Set(conditions)], maxValues)}. The guard cannot tell whether account ${account} meets it, and no rollback removes it. Set ${setting} in the configuration, and the guard judges the condition.`,
      ],
      grants: [],
    },
  ];
}

function listServices(grants: readonly Grant[]): readonly string[] {
  const services = grants.flatMap(({ principals = [] }) =>
    principals.filter(({ type }) => type === "Service"),
  );
  return [...new Set(services.map(({ id }) => id))];
}

/** Returns the conditions of some grants, and those that except requests from them, on keys that match. */
function listConditions(grants: readonly Grant[], key: RegExp): readonly Condition[] {
  return grants
    .flatMap(({ conditions, exceptConditions = [] }) => [...conditions, ...exceptConditions.flat()])
    .filter((condition) => key.test(condition.key));
}

function formatValues(values: readonly string[], max: number): string {
  const rest = values.length - max;
  return values.slice(0, max).join(", ") + (rest > 0 ? ` and ${rest} more` : "");
}
