import assert from "node:assert/strict";
import { hasNoEffect } from "@drift-guard/policy/canonical";
import { comparePolicies } from "@drift-guard/policy/compare";
import type { Comparison, ComparisonOptions, Side } from "@drift-guard/policy/comparison";
import { type DecisionOptions, decide } from "@drift-guard/policy/decide";
import { type PolicyDocument, type PolicyStatement, parsed } from "@drift-guard/policy/document";
import type { Grant, PolicyRequest } from "@drift-guard/policy/grant";
import { readPairTable } from "@drift-guard/policy/pairs";
import { pairs } from "@drift-guard/policy/pairs.generated";
import { parsePolicy } from "@drift-guard/policy/parse";

/** Returns whether a request is one of those that a grant describes. */
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
  return { [parsed]: true, version: "2012-10-17", statements: [statement] };
}

/** Parses the documents of a side, which is one text or several. Throws PolicySyntaxError. */
export function readSide(side: string | readonly string[]): readonly PolicyDocument[] {
  return [side].flat().map(parsePolicy);
}

/** Returns whether the action of a request has a service prefix and a name, as every action of AWS does. */
export function isPossible({ action }: PolicyRequest): boolean {
  return /.:./.test(action);
}

const acceptsArn = readPairTable(pairs);

/** Returns whether some AWS service may accept the action of a request on its resource. */
function isPossiblePair({ action, resource = "*" }: Pick<PolicyRequest, "action" | "resource">): boolean {
  const [service = "", arnService = ""] = [action.split(":")[0], resource.split(":")[2]];
  return acceptsArn(service.toLowerCase(), arnService);
}

/**
 * Compares two sides and checks the result with `decide`: the example of each grant, and for each request whether a
 * grant describes it. Returns the comparison. Throws AssertionError.
 */
export function assertAgreement(
  candidate: string | readonly string[],
  reference: string | readonly string[],
  requests: readonly PolicyRequest[],
  options: ComparisonOptions = {},
): Comparison {
  const comparison = comparePolicies(candidate, reference, options);
  const [ours, theirs] = [readSide(candidate), readSide(reference)];
  const { excess, missing, hardening, possibleHardening, deniesAdded, deniesRemoved } = comparison;
  const latent = (side: Side, effect: "Allow" | "Deny") =>
    comparison.latent.filter((grant) => grant.side === side && grant.effect === effect);
  const expected = [
    ["allowed", ours, theirs, [...excess, ...latent("candidate", "Allow")]],
    [
      "allowed",
      theirs,
      ours,
      [...missing, ...hardening, ...possibleHardening, ...latent("reference", "Allow")],
    ],
    ["explicitDeny", ours, theirs, [...deniesAdded, ...latent("candidate", "Deny")]],
    ["explicitDeny", theirs, ours, [...deniesRemoved, ...latent("reference", "Deny")]],
  ] as const;
  const examples = expected.flatMap(([, , , grants]) => grants.flatMap(({ example }) => example ?? []));
  const booleanKeys = listBooleanKeys([...ours, ...theirs]);
  const possible = [...requests, ...examples].filter(
    (request) => isPossible(request) && booleanKeys.every((key) => isBoolean(request.context[key])),
  );
  const decided = possible.map((request) => ({
    request,
    here: decide(request, ours, options),
    there: decide(request, theirs, options),
  }));
  for (const [decision, left, right, grants] of expected) {
    for (const grant of grants) {
      if ("cause" in grant && grant.partly && grant.example === undefined) continue;
      assert.ok(grant.example, "a grant without an example");
      const { example } = grant;
      const leftDecision = decide(example, left, options);
      const rightDecision = decide(example, right, options);
      const isShown = leftDecision === decision && rightDecision !== decision;
      // An example of a wildcard can be an impossible pair, which a statement that was left out decides otherwise.
      if (!isShown && isPossiblePair(example))
        assert.fail(`the example shows no difference: ${JSON.stringify(grant)}`);
      if (!isWithin(grant, example, options))
        assert.fail(`the example is not in its grant: ${JSON.stringify(grant)}`);
    }
    for (const { request, here, there } of decided) {
      const [leftDecision, rightDecision] = left === ours ? [here, there] : [there, here];
      if (leftDecision !== decision || rightDecision === decision) {
        // A grant may hold an impossible pair that the other side has too: it was left out of the comparison.
        const isExact = (grant: Grant) => !grant.partly && ("cause" in grant || isPossiblePair(request));
        const wrong = grants.find((grant) => isExact(grant) && isWithin(grant, request, options));
        if (wrong)
          assert.fail(
            `in a grant, but not a difference of ${decision}: ${JSON.stringify({ request, wrong })}`,
          );
      } else if (
        comparison.undecided.length === 0 &&
        isPossiblePair(request) &&
        !grants.some((grant) => isWithin(grant, request, options))
      ) {
        const texts = `${JSON.stringify(request)}\n${JSON.stringify(grants)}`;
        assert.fail(`a difference of ${decision}, but in no grant: ${texts}`);
      }
    }
  }
  assertRelation(comparison);
  return comparison;
}

/**
 * Returns the keys that only Bool conditions use: their values in a request are true and false. A statement that decides
 * no request shows nothing about the values of a key.
 */
function listBooleanKeys(documents: readonly PolicyDocument[]): readonly string[] {
  const statements = documents.flatMap((document) => document.statements);
  const keysOf = (those: readonly PolicyStatement[], name: RegExp) =>
    those
      .flatMap((one) => one.conditions)
      .filter(({ operator }) => name.test(operator))
      .map(({ key }) => key);
  const others = new Set(keysOf(statements.filter(decidesRequests), /^(?!(?:For\w+:)?(?:Bool|Null))/));
  return keysOf(statements, /Bool/).filter((key) => !others.has(key));
}

/** Returns false if no request can match a statement: one of its lists is empty, or each of its pairs is impossible. */
function decidesRequests(statement: PolicyStatement): boolean {
  const { actions, resources } = statement;
  if (hasNoEffect(statement)) return false;
  if (!resources || actions.negated || resources.negated) return true;
  return actions.entries.some((action) =>
    resources.entries.some((resource) => isPossiblePair({ action, resource })),
  );
}

function isBoolean(value: string | readonly string[] = []): boolean {
  return [value].flat().every((text) => /^(?:true|false)$/i.test(text));
}

function assertRelation({ relation, undecided, excess, latent, ...others }: Comparison): void {
  const { missing, hardening, possibleHardening } = others;
  const isLatentOf = (side: Side) => latent.some((grant) => grant.side === side && grant.effect === "Allow");
  const gained = excess.length > 0 || isLatentOf("candidate");
  const lost = missing.length + hardening.length + possibleHardening.length > 0 || isLatentOf("reference");
  if (gained && lost) assert.equal(relation, "different");
  else if (undecided.length > 0) assert.equal(relation, "undecided");
  else if (gained) assert.equal(relation, "wider");
  else assert.equal(relation, lost ? "narrower" : "equal");
}
