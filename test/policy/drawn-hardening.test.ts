import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { comparePolicies } from "@drift-guard/policy/compare";
import { decide } from "@drift-guard/policy/decide";
import type { PolicyRequest } from "@drift-guard/policy/grant";
import fc from "fast-check";
import { assertAgreement, isWithin, readSide } from "./agreement.ts";
import { listOf, oneOf } from "./drawn-conditions.ts";

const account = "123456789012";
const organization = "o-a1b2c3d4e5";
const own = { account, organization };

const services = oneOf(["batch.amazonaws.com", "ecs-tasks.amazonaws.com", "ec2.amazonaws.com"]);

/** Conditions that shut out other accounts, conditions that shut out the own account too, and unrelated ones. */
const condition = fc.oneof(
  fc.tuple(
    oneOf([
      "StringEquals",
      "StringLike",
      "StringEqualsIfExists",
      "StringNotEquals",
      "StringEqualsIgnoreCase",
    ]),
    oneOf(["aws:SourceAccount", "AWS:SourceAccount"]),
    listOf(oneOf([account, account, account, "999988887777", "1234*"]), 2),
  ),
  fc.tuple(
    oneOf(["ArnLike", "ArnEquals", "StringLike", "ArnLikeIfExists", "ArnNotLike"]),
    fc.constant("aws:SourceArn"),
    listOf(
      oneOf([
        `arn:aws:batch:*:${account}:*`,
        `arn:aws:*:*:${account}:*`,
        `arn:aws:ecs:*:${account}:*`,
        "arn:aws:batch:*:999988887777:*",
        "arn:aws:batch:*:*:*",
      ]),
      2,
    ),
  ),
  fc.tuple(
    oneOf(["StringEquals", "StringLike"]),
    fc.constant("aws:SourceOrgID"),
    oneOf([organization, "o-other"]),
  ),
  fc.tuple(
    oneOf(["StringLike", "ForAnyValue:StringLike"]),
    fc.constant("aws:SourceOrgPaths"),
    oneOf([`${organization}/*`, "o-other/*"]),
  ),
  fc.tuple(oneOf(["StringEquals", "StringLike"]), fc.constant("sts:ExternalId"), oneOf(["a", "b*"])),
);

const statement = fc
  .record({
    odds: fc.nat(9),
    Principal: fc.record({ Service: listOf(services, 2) }),
    Action: oneOf(["sts:AssumeRole", "sts:*", "sts:TagSession"]),
    conditions: fc.array(condition, { maxLength: 3 }),
  })
  .map(({ odds, Principal, Action, conditions }) => {
    const Condition: Record<string, Record<string, unknown>> = {};
    for (const [operator, key, values] of conditions)
      Condition[operator] = { ...Condition[operator], [key]: values };
    return { Effect: odds === 0 ? "Deny" : "Allow", Principal, Action, Condition };
  });

/** A trust policy, and the same policy with other conditions on some statements. */
const pair = fc
  .tuple(
    fc.array(statement, { minLength: 1, maxLength: 3 }),
    fc.array(statement, { maxLength: 3 }),
    fc.nat(7),
  )
  .map(([statements, donors, mask]) => {
    const changed = statements.map((one, index) => {
      const donor = donors[index];
      return donor === undefined || (mask >> index) % 2 === 0 ? one : { ...one, Condition: donor.Condition };
    });
    const write = (list: readonly object[]): string =>
      JSON.stringify({ Version: "2012-10-17", Statement: list });
    const bare = statements.map((one, index) =>
      (mask >> index) % 2 === 0 ? one : { ...one, Condition: {} },
    );
    return { candidate: write(changed), reference: write(bare) };
  });

const serviceRequest = fc.record({
  action: oneOf(["sts:AssumeRole", "sts:TagSession", "sts:Other"]),
  principal: fc.record({ type: fc.constant("Service" as const), id: services }),
  context: fc.record({ "sts:externalid": oneOf(["a", "bc", "z"]) }, { requiredKeys: [] }),
});

/** Adds the keys that a service sends when it acts for the own account; EC2 sends none. */
function sendAsOwn({ context, ...request }: PolicyRequest): PolicyRequest {
  if (request.principal?.id.startsWith("ec2")) {
    const kept = Object.entries(context).filter(([key]) => !key.startsWith("aws:source"));
    return { ...request, context: Object.fromEntries(kept) };
  }
  const service = request.principal?.id.startsWith("ecs") ? "ecs" : "batch";
  return {
    ...request,
    context: {
      ...context,
      "aws:sourceaccount": account,
      "aws:sourcearn": `arn:aws:${service}:eu-west-1:${account}:some/thing`,
      "aws:sourceorgid": organization,
      "aws:sourceorgpaths": [`${organization}/r-1/ou-1/`],
    },
  };
}

describe("the hardening of a drawn trust policy", () => {
  it("denies nothing to a service that acts for the own account: such a loss is in `missing`", () => {
    fc.assert(
      fc.property(
        pair,
        fc.array(serviceRequest, { minLength: 3, maxLength: 8 }),
        ({ candidate, reference }, requests) => {
          const { missing, hardening, undecided } = assertAgreement(candidate, reference, requests, own);
          if (undecided.length > 0) return;
          const [now, before] = [readSide(candidate), readSide(reference)];
          const examples = hardening.flatMap(({ example }) => example ?? []);
          for (const request of [...requests, ...examples].map(sendAsOwn)) {
            if (decide(request, before) !== "allowed" || decide(request, now) === "allowed") continue;
            const holder = missing.some((grant) => isWithin(grant, request));
            assert.ok(
              holder,
              `lost, but not in \`missing\`: ${JSON.stringify({ request, missing, hardening })}`,
            );
          }
        },
      ),
      { numRuns: 1_500 },
    );
  });

  it("is empty without the own account and organisation, and the relation is the same", () => {
    fc.assert(
      fc.property(pair, ({ candidate, reference }) => {
        const [known, unknown] = [
          comparePolicies(candidate, reference, own),
          comparePolicies(candidate, reference),
        ];
        assert.deepEqual([unknown.hardening, unknown.possibleHardening], [[], []]);
        assert.equal(known.relation, unknown.relation);
        assert.deepEqual(known.excess, unknown.excess);
      }),
      { numRuns: 600 },
    );
  });
});
