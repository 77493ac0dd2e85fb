import assert from "node:assert/strict";
import { comparePolicies } from "@drift-guard/policy/compare";
import type { Comparison } from "@drift-guard/policy/comparison";
import { type Decision, decide } from "@drift-guard/policy/decide";
import type { PolicyDocument } from "@drift-guard/policy/document";
import type { Grant, PolicyRequest } from "@drift-guard/policy/grant";
import { parsePolicy } from "@drift-guard/policy/parse";

/** Whether a request is one of those that a grant stands for. */
export function isWithin(grant: Grant, request: PolicyRequest): boolean {
  const reaches = (more: Partial<Grant>): boolean =>
    decide(request, [asDocument({ ...grant, ...more })]) === "allowed";
  return (
    reaches({}) &&
    !(grant.exceptActions && reaches({ actions: grant.exceptActions })) &&
    !(grant.exceptResources && reaches({ resources: grant.exceptResources })) &&
    !(grant.exceptPrincipals && reaches({ principals: grant.exceptPrincipals }))
  );
}

function asDocument({ actions, resources, principals, conditions }: Grant): PolicyDocument {
  const statement = {
    effect: "Allow" as const,
    actions: { negated: false, entries: actions },
    ...(resources && { resources: { negated: false, entries: resources } }),
    ...(principals && { principals: { negated: false, entries: principals } }),
    conditions: conditions.map((condition) => ({
      ...condition,
      written: { operator: condition.operator, key: condition.key },
    })),
  };
  return { version: "2012-10-17", statements: [statement] };
}

/** Holds a comparison against `decide`: its examples, and what it says of other requests. */
export function assertAgreement(
  candidate: string,
  reference: string,
  requests: readonly PolicyRequest[],
): Comparison {
  const comparison = comparePolicies(candidate, reference);
  const [ours, theirs] = [[parsePolicy(candidate)], [parsePolicy(reference)]];
  const told = [
    ["allowed", ours, theirs, comparison.excess],
    ["allowed", theirs, ours, comparison.missing],
    ["explicitDeny", ours, theirs, comparison.deniesAdded],
    ["explicitDeny", theirs, ours, comparison.deniesRemoved],
  ] as const;
  const examples = told.flatMap(([, , , grants]) => grants.flatMap(({ example }) => example ?? []));
  const decided = [...requests, ...examples].map((request) => ({
    request,
    here: decide(request, ours),
    there: decide(request, theirs),
  }));
  const isUndecided = comparison.undecided.length > 0;
  // Without a version `${` is plain text, which a grant cannot say.
  const isPlain =
    !`${candidate}${reference}`.includes("${") || (hasVersion(candidate) && hasVersion(reference));
  for (const [sought, giver, taker, grants] of told) {
    for (const grant of grants) {
      assert.ok(grant.example, "a grant has an example");
      assert.ok(
        separates(grant.example, sought, giver, taker),
        `the example separates: ${JSON.stringify(grant)}`,
      );
      if (isPlain)
        assert.ok(isWithin(grant, grant.example), `the example is of its grant: ${JSON.stringify(grant)}`);
    }
    if (isUndecided) continue;
    for (const { request, here, there } of decided) {
      const [given, taken] = giver === ours ? [here, there] : [there, here];
      if (given !== sought || taken === sought) continue;
      assert.ok(grants.length > 0, `${sought}, but not told: ${JSON.stringify(request)}`);
      if (!isPlain) continue;
      const holder = grants.some((grant) => isWithin(grant, request));
      assert.ok(holder, `${sought}, but in no grant: ${JSON.stringify(request)}\n${JSON.stringify(grants)}`);
    }
  }
  const { relation, excess, missing } = comparison;
  if (!isUndecided) {
    const expected =
      excess.length > 0
        ? missing.length > 0
          ? "different"
          : "wider"
        : missing.length > 0
          ? "narrower"
          : "equal";
    assert.equal(relation, expected);
  } else {
    assert.ok(
      relation === "undecided" || (relation === "different" && excess.length > 0 && missing.length > 0),
    );
  }
  return comparison;
}

function separates(
  request: PolicyRequest,
  sought: Decision,
  giver: readonly PolicyDocument[],
  taker: readonly PolicyDocument[],
): boolean {
  return decide(request, giver) === sought && decide(request, taker) !== sought;
}

function hasVersion(text: string): boolean {
  return text.includes('"2012-10-17"');
}
