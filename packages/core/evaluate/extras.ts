import { comparePolicies } from "@drift-guard/policy/compare";
import type { Comparison } from "@drift-guard/policy/comparison";
import type { GuardedRole } from "../config/config.ts";
import { matchesName } from "../config/name-pattern.ts";
import type { Assessment, Drift } from "../model/evidence.ts";
import { isOwnedByAws } from "../model/managed-policy.ts";
import { inlinePart, managedPart, type Part } from "../model/part.ts";
import type { Role } from "../model/role.ts";
import { filterByEffect, listStatementTexts, tryParsePolicy } from "../policy-json.ts";
import type { Reference, Strictness } from "../reference/reference.ts";
import { compareTexts, type TextOptions } from "./comparison.ts";
import { describeDifferences, drift, undecided } from "./differences.ts";
import { createDenyCheck } from "./mere-denies.ts";
import { remarks } from "./remarks.ts";

/**
 * Returns the drifts of policies that the reference does not require: another policy is drift only if it allows more than
 * the role may have, or denies some of it (R6, R39).
 */
export function assessExtras(
  role: Role,
  reference: Reference,
  strictness: Strictness,
  { allowedPolicies }: GuardedRole,
): readonly Assessment[] {
  const isAllowed = (name: string) => isAllowedPolicy(name, allowedPolicies);
  const required = new Set(reference.attachments.map(({ arn }) => arn));
  const attached = role.attached.map(({ arn, version }) => ({
    arn,
    text: version.observed ? version.value.text : undefined,
    why: version.observed ? "" : version.why,
  }));
  const permitted = listPermitted(role, reference, { allowedPolicies });
  const sides = {
    excess: strictness.ceiling === "closed",
    missing: strictness.attachments === "required" || strictness.floor === "required",
  };
  let prepared: ComparePolicy | undefined;
  // Most roles have no other policy: what is permitted is then never parsed.
  const compare = (text: string): Comparison => {
    prepared ??= prepareComparison(permitted, role.boundary);
    return prepared(text);
  };
  const held = [
    ...attached.flatMap(({ text }) => (text === undefined ? [] : [text])),
    ...role.inline.map(({ text }) => text),
  ];
  // A Deny may block what a policy allows that cannot be read.
  const isRead = held.length === attached.length + role.inline.length;
  const blocksNothing = createDenyCheck([...held, ...permitted]);
  const describe = (part: Part, text: string): readonly Assessment[] =>
    describeDifferences(part, compare(text), sides).map((one) =>
      one.kind === "drift" && isRead && isMereDeny(one) && blocksNothing(text)
        ? {
            ...one,
            harmless: true,
            detail: remarks.deniesNothing,
          }
        : one,
    );
  // A required policy is reported by assessAttachment. If attachments are not compared, a customer managed policy can still
  // have been edited and is compared here.
  const isReportedAsAttachment = (arn: string) =>
    required.has(arn) && (strictness.attachments === "required" || isOwnedByAws(arn));
  return [
    ...attached.flatMap(({ arn, text, why }): readonly Assessment[] => {
      const part: Part = managedPart(arn);
      if (isReportedAsAttachment(arn) || isAllowed(arn)) return [];
      const retired = reference.retired.find((policy) => policy.arn === arn);
      if (retired) {
        const grants = text === undefined ? [] : compare(text).excess;
        return [
          drift(part, "excess", { grants, detail: `${arn} must no longer be attached. ${retired.why}` }),
        ];
      }
      return text === undefined ? [undecided(part, [why])] : describe(part, text);
    }),
    ...role.inline.flatMap(({ name, text }) => (isAllowed(name) ? [] : describe(inlinePart(name), text))),
  ];
}

/** Whether the owner allows a policy whatever it allows or denies: `name` is a managed policy's ARN or an inline one's name. */
export function isAllowedPolicy(name: string, allowedPolicies: readonly string[]): boolean {
  return allowedPolicies.some((pattern) => matchesName(pattern, name));
}

function listPermitted(
  role: Role,
  reference: Reference,
  { allowedPolicies }: Pick<GuardedRole, "allowedPolicies">,
): readonly string[] {
  const isAllowed = (name: string) => isAllowedPolicy(name, allowedPolicies);
  const isRequired = (arn: string) => reference.attachments.some((attachment) => attachment.arn === arn);
  return [
    ...reference.attachments.map(({ document }) => document),
    ...[reference.floor, reference.allowed].flatMap((sourced) => (sourced ? [sourced.document] : [])),
    ...role.attached.flatMap(({ arn, version }) =>
      version.observed && ((isRequired(arn) && isOwnedByAws(arn)) || isAllowed(arn))
        ? [version.value.text]
        : [],
    ),
    ...role.inline.flatMap(({ name, text }) => (isAllowed(name) ? [text] : [])),
  ];
}

/**
 * Returns the comparison of a policy with everything that a role may have: its reference, and the policies that the owner
 * allows. A policy of the role beyond that is excess. `accepted`: policies with what somebody accepted besides.
 */
export function compareWithPermitted(
  role: Role,
  reference: Reference,
  guarded: Pick<GuardedRole, "allowedPolicies">,
  accepted: readonly string[] = [],
): (text: string) => Comparison {
  return prepareComparison([...listPermitted(role, reference, guarded), ...accepted], role.boundary);
}

function isMereDeny({ side, grants, denies }: Drift): boolean {
  return side === "missing" && grants.length === 0 && denies.length > 0;
}

type ComparePolicy = (text: string) => Comparison;

/** Returns the comparison of one policy with what a role may have; a permitted text that is no policy permits nothing. */
function prepareComparison(texts: readonly string[], boundary: Role["boundary"]): ComparePolicy {
  const parsed = texts.flatMap((text) => {
    const document = tryParsePolicy(text);
    return document ? [{ text, document }] : [];
  });
  // Texts, not documents: the comparison knows a text that it has seen before.
  const permitted = parsed.map(({ text }) => text);
  const documents = parsed.map(({ document }) => document);
  const allows = filterByEffect(documents, "Allow");
  const holdDeny = documents.some(({ statements }) => statements.some(({ effect }) => effect === "Deny"));
  const bound = boundary.observed ? boundary.value?.version : undefined;
  // What the boundary leaves of a grant only ranks it: the grant is drift before the boundary goes.
  const options: TextOptions = {
    kind: "identity",
    ...(bound?.observed && { boundary: bound.value.text }),
  };
  const same = new Set(documents.flatMap(listStatementTexts));
  const compare: ComparePolicy = (text) => {
    const document = tryParsePolicy(text);
    // A policy that is permitted word for word does not differ, even if it is of a kind that cannot be compared.
    if (document && listStatementTexts(document).every((statement) => same.has(statement)))
      return compareTexts([], [], options);
    const comparison = compareTexts([text, ...permitted], permitted, options);
    if (!holdDeny) return comparison;
    // Excess is compared without the Denies: an Allow that a Deny overrides today takes effect once the Deny is gone.
    const withoutDenies = comparePolicies([text, ...allows], allows, options);
    return {
      ...comparison,
      excess: withoutDenies.excess,
      undecided: [...comparison.undecided, ...withoutDenies.undecided],
    };
  };
  // One text may stand in 150 inline policies.
  const known = new Map<string, Comparison>();
  return (text) => {
    const comparison = known.get(text) ?? compare(text);
    known.set(text, comparison);
    return comparison;
  };
}
