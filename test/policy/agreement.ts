import assert from "node:assert/strict";
import { comparePolicies } from "@drift-guard/policy/compare";
import type { Comparison, ComparisonOptions } from "@drift-guard/policy/comparison";
import { type DecisionOptions, decide } from "@drift-guard/policy/decide";
import type { PolicyDocument } from "@drift-guard/policy/document";
import type { Grant, PolicyRequest } from "@drift-guard/policy/grant";
import { parsePolicy } from "@drift-guard/policy/parse";

/** Whether a request is one of those that a grant stands for. */
export function isWithin(grant: Grant, request: PolicyRequest, options: DecisionOptions = {}): boolean {
  const reaches = (more: Partial<Grant>): boolean =>
    decide(request, [asDocument({ ...grant, ...more })], options) === "allowed";
  return (
    reaches({}) &&
    !(grant.exceptActions && reaches({ actions: grant.exceptActions })) &&
    !(grant.exceptResources && reaches({ resources: grant.exceptResources })) &&
    !(grant.exceptPrincipals && reaches({ principals: grant.exceptPrincipals })) &&
    !grant.exceptConditions?.some((conditions) => reaches({ conditions }))
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

/** The documents of a side that is one text or several. */
export function readSide(side: string | readonly string[]): readonly PolicyDocument[] {
  return [side].flat().map(parsePolicy);
}

/** Whether a request's action has a service and a name; patterns can ask for less, which no request has. */
export function isPossible({ action }: PolicyRequest): boolean {
  return /.:./.test(action);
}

/** Holds a comparison against `decide`: its examples, and what it says of other requests. */
export function assertAgreement(
  candidate: string | readonly string[],
  reference: string | readonly string[],
  requests: readonly PolicyRequest[],
  options: ComparisonOptions = {},
): Comparison {
  const comparison = comparePolicies(candidate, reference, options);
  const [ours, theirs] = [readSide(candidate), readSide(reference)];
  const { excess, missing, hardening, deniesAdded, deniesRemoved } = comparison;
  const told = [
    ["allowed", ours, theirs, excess],
    ["allowed", theirs, ours, [...missing, ...hardening]],
    ["explicitDeny", ours, theirs, deniesAdded],
    ["explicitDeny", theirs, ours, deniesRemoved],
  ] as const;
  const examples = told.flatMap(([, , , grants]) => grants.flatMap(({ example }) => example ?? []));
  const truths = listTruths([...ours, ...theirs]);
  const possible = [...requests, ...examples].filter(
    (request) => isPossible(request) && truths.every((key) => isTruth(request.context[key])),
  );
  const decided = possible.map((request) => ({
    request,
    here: decide(request, ours, options),
    there: decide(request, theirs, options),
  }));
  for (const [sought, giver, taker, grants] of told) {
    for (const grant of grants) {
      assert.ok(grant.example, "a grant has an example");
      const { example } = grant;
      const given = decide(example, giver, options);
      const taken = decide(example, taker, options);
      assert.ok(given === sought && taken !== sought, `the example separates: ${JSON.stringify(grant)}`);
      assert.ok(isWithin(grant, example, options), `the example is of its grant: ${JSON.stringify(grant)}`);
    }
    for (const { request, here, there } of decided) {
      const [given, taken] = giver === ours ? [here, there] : [there, here];
      if (given !== sought || taken === sought) {
        const wrong = grants.find((grant) => !grant.partly && isWithin(grant, request, options));
        assert.equal(wrong, undefined, `not ${sought}, but told so: ${JSON.stringify({ request, wrong })}`);
        continue;
      }
      if (comparison.undecided.length > 0) continue;
      assert.ok(grants.length > 0, `${sought}, but not told: ${JSON.stringify(request)}`);
      const holder = grants.some((grant) => isWithin(grant, request, options));
      assert.ok(holder, `${sought}, but in no grant: ${JSON.stringify(request)}\n${JSON.stringify(grants)}`);
    }
  }
  assertRelation(comparison);
  return comparison;
}

/** The keys that are asked for a truth alone: requests have no other text of them. */
function listTruths(documents: readonly PolicyDocument[]): readonly string[] {
  const conditions = documents.flatMap(({ statements }) => statements).flatMap((one) => one.conditions);
  const isAsked = (name: RegExp) =>
    conditions.filter(({ operator }) => name.test(operator)).map(({ key }) => key);
  const others = new Set(isAsked(/^(?!(?:For\w+:)?(?:Bool|Null))/));
  return isAsked(/Bool/).filter((key) => !others.has(key));
}

function isTruth(value: string | readonly string[] = []): boolean {
  return [value].flat().every((text) => /^(?:true|false)$/i.test(text));
}

function assertRelation({ relation, excess, missing, hardening, undecided }: Comparison): void {
  const [gained, lost] = [excess.length > 0, missing.length + hardening.length > 0];
  if (gained && lost) assert.equal(relation, "different");
  else if (undecided.length > 0) assert.equal(relation, "undecided");
  else if (gained) assert.equal(relation, "wider");
  else assert.equal(relation, lost ? "narrower" : "equal");
}
