import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  findException,
  isExcepted,
  leaveUncovered,
  subtractGrants,
} from "@drift-guard/core/evaluate/coverage";
import type { Drift } from "@drift-guard/core/model/evidence";
import type { Exception } from "@drift-guard/core/model/exception";
import type { Grant } from "@drift-guard/core/model/grant";
import { digestEvidence, identifyFinding } from "@drift-guard/core/model/identity";
import { decide } from "@drift-guard/policy/decide";
import fc from "fast-check";
import { aDrift, aGrant, aKey, anUndecided, noon, secondsAfterNoon } from "../../builders.ts";

const part = "inline:extra";
const drift = (grants: readonly Grant[], over: Partial<Drift> = {}): Drift => ({
  ...aDrift({ part, side: "excess", grants }),
  ...over,
});
const id = identifyFinding(aKey(), drift([]));
const accept = (grants: readonly Grant[], over: Partial<Exception> = {}): Exception => ({
  findingId: id,
  digest: digestEvidence(drift(grants)),
  grants,
  owner: "arn:aws:iam::123456789012:user/anna",
  reason: "known",
  expires: secondsAfterNoon(60),
  ...over,
});
const leave = (evidence: Drift, ...exceptions: readonly Exception[]) =>
  leaveUncovered({ id, evidence }, { exceptions, now: noon });
const leftGrants = (evidence: Drift, ...exceptions: readonly Exception[]) => {
  const left = leave(evidence, ...exceptions);
  return left?.kind === "drift"
    ? left.grants.map(({ actions, resources = [] }) => [actions.join(" "), resources.join(" ")])
    : left;
};

const read = aGrant({ actions: ["s3:GetObject"], resources: ["*"] });
const write = aGrant({ actions: ["s3:PutObject"], resources: ["*"] });

describe("an exception of exact grants", () => {
  it("covers these grants and fewer, until it expires", () => {
    assert.equal(leave(drift([read, write]), accept([read, write])), undefined);
    assert.equal(leave(drift([read]), accept([read, write])), undefined);
    const late = accept([read], { expires: noon });
    assert.deepEqual(leftGrants(drift([read]), late), [["s3:GetObject", "*"]]);
  });

  it("leaves a further grant, without those that it covers", () => {
    const left = leave(drift([read, write]), accept([read]));
    assert.ok(left?.kind === "drift");
    assert.deepEqual(leftGrants(drift([read, write]), accept([read])), [["s3:PutObject", "*"]]);
    assert.equal(digestEvidence(left), digestEvidence(drift([read, write])));
  });

  it("leaves a grant that it does not cover as it is, also where the same grant came before", () => {
    for (const statement of [0, 1, 2]) {
      const evidence = drift([{ ...write, statements: [{ document: 0, statement }] }]);
      assert.equal(leave(evidence, accept([read])), evidence);
    }
  });

  it("leaves a part of a grant with the places of that grant, also where the same grant came before", () => {
    for (const statement of [0, 1, 2]) {
      const statements = [{ document: 0, statement }];
      const both = { ...aGrant({ actions: ["s3:GetObject", "s3:PutObject"], resources: ["*"] }), statements };
      const left = leave(drift([both]), accept([read]));
      assert.ok(left?.kind === "drift");
      assert.deepEqual(
        left.grants.map(({ actions, statements: places }) => [actions, places]),
        [[["s3:PutObject"], statements]],
      );
    }
  });

  it("leaves the same, whichever order of exceptions came first", () => {
    const others = [
      aGrant({ actions: ["s3:Get*"], resources: ["arn:aws:s3:::a/*"] }),
      aGrant({ actions: ["s3:*"], resources: ["arn:aws:s3:::*/y"], exceptActions: ["s3:PutObject"] }),
      aGrant({
        actions: ["s3:PutObject"],
        resources: ["arn:aws:s3:::a/x*"],
        exceptResources: ["arn:aws:s3:::a/xy"],
      }),
    ];
    const all = () => aGrant({ actions: ["s3:*"], resources: ["*"] });
    assert.deepEqual(subtractGrants([all()], others.toReversed()), subtractGrants([all()], others));
    const swapped = others.map((grant) => ({ ...grant, actions: [...grant.actions, "sns:Publish"] }));
    assert.deepEqual(subtractGrants([all()], swapped), subtractGrants([all()], swapped.toReversed()));
  });

  it("covers by meaning", () => {
    const wide = aGrant({
      actions: ["s3:Get*", "s3:Put*"],
      resources: ["arn:aws:s3:::data", "arn:aws:s3:::data/*"],
    });
    const narrow = aGrant({ actions: ["S3:GetObject"], resources: ["arn:aws:s3:::data/logs/*"] });
    assert.equal(leave(drift([narrow]), accept([wide])), undefined);
    assert.equal(leave(drift([wide]), accept([narrow]))?.kind, "drift");
    const apart = [
      aGrant({ actions: ["s3:GetObject"], resources: ["arn:aws:s3:::a/*"] }),
      aGrant({ actions: ["s3:GetObject"], resources: ["arn:aws:s3:::b/*"] }),
    ];
    const joined = aGrant({ actions: ["s3:GetObject"], resources: ["arn:aws:s3:::a/*", "arn:aws:s3:::b/*"] });
    assert.equal(leave(drift([joined]), accept(apart)), undefined);
    assert.equal(leave(drift(apart), accept([joined])), undefined);
  });

  it("covers no request that a condition or an exception of its grants keeps out", () => {
    const condition = { operator: "StringEquals", key: "aws:requestedregion", values: ["eu-west-1"] };
    const inRegion = aGrant({ ...read, conditions: [condition] });
    assert.equal(leave(drift([inRegion]), accept([read])), undefined);
    assert.equal(leave(drift([read]), accept([inRegion]))?.kind, "drift");
    const all = aGrant({ actions: ["s3:*"], resources: ["*"] });
    const butDelete = aGrant({ ...all, exceptActions: ["s3:DeleteBucket"] });
    assert.equal(leave(drift([butDelete]), accept([all])), undefined);
    assert.deepEqual(leftGrants(drift([all]), accept([butDelete])), [["s3:DeleteBucket", "*"]]);
    const outside = aGrant({ ...read, exceptConditions: [[condition]] });
    assert.equal(leave(drift([outside]), accept([read])), undefined);
    assert.equal(leave(drift([read]), accept([outside]))?.kind, "drift");
  });

  it("covers principals of a trust policy by meaning", () => {
    const trust = (ids: readonly string[]): Grant => ({
      actions: ["sts:AssumeRole"],
      principals: ids.map((each) => ({ type: "AWS" as const, id: each })),
      conditions: [],
      statements: [],
    });
    const one = "arn:aws:iam::111122223333:role/one";
    const two = "arn:aws:iam::111122223333:role/two";
    assert.equal(leave(drift([trust([one])]), accept([trust([one, two])])), undefined);
    const left = leave(drift([trust([one, two])]), accept([trust([one])]));
    assert.ok(left?.kind === "drift");
    assert.deepEqual(
      left.grants.flatMap(({ principals = [] }) => principals.map((each) => each.id)),
      [two],
    );
    assert.equal(leave(drift([trust(["*"])]), accept([trust([one])]))?.kind, "drift");
  });

  it("covers a grant that is partly a difference only word for word", () => {
    const partly = aGrant({ actions: ["s3:*"], resources: ["*"], partly: true });
    assert.equal(leave(drift([partly]), accept([partly])), undefined);
    assert.deepEqual(leave(drift([read]), accept([partly])), drift([read]));
  });

  it("covers Denies, and what a detail says beyond its grants, only word for word", () => {
    const evidence = drift([read], { denies: [write], detail: "One sentence." });
    assert.equal(leave(evidence, accept([read], { denies: [write], detail: "One sentence." })), undefined);
    const fewer = drift([read], { denies: [] });
    assert.equal(leave(fewer, accept([read], { denies: [write], detail: "One sentence." })), undefined);
    const left = leave(evidence, accept([read], { detail: "One sentence." }));
    assert.deepEqual(left?.kind === "drift" && [left.grants, left.denies], [[], [write]]);
    assert.equal(leave(evidence, accept([read], { denies: [write] }))?.kind, "drift");
  });

  it("covers what is left of grants whose detail named paths of privilege escalation", () => {
    const paths = (named: string) => `It completes known paths of privilege escalation: ${named}.`;
    const all = drift([aGrant({ actions: ["lambda:*"], resources: ["*"] })], {
      detail: paths("lambda:UpdateFunctionCode (https://pathfinding.cloud/paths/lambda-003) and 3 more"),
      escalates: true,
    });
    const { detail = "" } = all;
    const accepted = accept(all.grants, { detail });
    const update = aGrant({ actions: ["lambda:UpdateFunctionCode"], resources: ["*"] });
    const [other, none] = [
      paths("lambda:UpdateFunctionCode (https://pathfinding.cloud/paths/lambda-003)"),
      aGrant({ actions: ["lambda:ListFunctions"], resources: ["*"] }),
    ];
    assert.equal(leave(drift([update], { detail: other, escalates: true }), accepted), undefined);
    assert.equal(leave(drift([none]), accepted), undefined);
    const publish = aGrant({ actions: ["sns:Publish"], resources: ["*"] });
    const more = drift([...all.grants, publish], { detail: `One sentence. ${detail}`, escalates: true });
    const left = leave(more, accepted);
    assert.deepEqual(left?.kind === "drift" && [left.grants, left.detail, left.escalates], [
      [publish],
      "One sentence.",
      undefined,
    ]);
  });

  it("does not cover the same grants where they complete a path, or have an effect, that they had not", () => {
    const path = "It completes a known path of privilege escalation: iam:PassRole (https://x.example/a.b).";
    const escalating = drift([read], { detail: path, escalates: true });
    assert.equal(leave(escalating, accept([read])), escalating);
    const elsewhere = "The policy p is not attached. Other policies of the role allow the same.";
    const harmless = drift([read], { detail: elsewhere, harmless: true });
    const effective = drift([read], { detail: "The policy p is not attached." });
    assert.equal(leave(harmless, accept([read], { detail: "The policy p is not attached." })), undefined);
    assert.equal(leave(effective, accept([read], { detail: elsewhere })), effective);
  });

  it("covers nothing of another finding, and nothing of evidence that is not stored whole", () => {
    const cut = drift([read], { omitted: { entries: 1, digest: "f".repeat(64) } });
    assert.equal(leave(cut, accept([read])), cut);
    const other = accept([read], { findingId: "0".repeat(32) });
    assert.equal(leave(drift([read]), other)?.kind, "drift");
  });

  it("joins with others of the same finding, and the one that covers all is named", () => {
    const [one, both] = [accept([read]), accept([read, write], { owner: "team batch" })];
    const evidence = drift([read, write]);
    assert.equal(leave(evidence, one, accept([write])), undefined);
    const named = findException({ id, evidence }, { exceptions: [one, both], now: noon });
    assert.equal(named?.owner, "team batch");
    assert.equal(findException({ id, evidence }, { exceptions: [one], now: noon }), undefined);
  });

  it("without grants covers exactly the evidence with its digest", () => {
    const evidence = anUndecided();
    const { grants: _, ...digestOnly } = accept([], { digest: digestEvidence(evidence) });
    const input = { exceptions: [digestOnly], now: noon };
    assert.ok(isExcepted({ id, evidence }, input));
    assert.ok(!isExcepted({ id, evidence: anUndecided({ reasons: ["another"] }) }, input));
  });
});

describe("any grants and any exceptions", () => {
  const actions = fc.subarray(["s3:*", "s3:Get*", "s3:GetObject", "s3:PutObject", "sqs:SendMessage"], {
    minLength: 1,
  });
  const resources = fc.subarray(
    ["*", "arn:aws:s3:::a/*", "arn:aws:s3:::a/b/*", "arn:aws:sqs:us-east-1:123456789012:q"],
    {
      minLength: 1,
    },
  );
  const conditions = fc.constantFrom(
    [],
    [{ operator: "StringEquals", key: "aws:username", values: ["anna"] }],
    [{ operator: "StringLike", key: "aws:username", values: ["a*"] }],
  );
  const grant = fc
    .record({
      actions,
      resources,
      conditions,
      exceptActions: fc.constantFrom([], ["s3:GetObject"], ["s3:Put*"]),
    })
    .map(({ exceptActions, ...rest }) =>
      aGrant({ ...rest, ...(exceptActions.length > 0 && { exceptActions }) }),
    );
  const grants = fc.array(grant, { minLength: 1, maxLength: 3 });
  const requests = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "sqs:SendMessage"].flatMap((action) =>
    ["arn:aws:s3:::a/x", "arn:aws:s3:::a/b/x", "arn:aws:sqs:us-east-1:123456789012:q"].flatMap((resource) =>
      [{}, { "aws:username": "anna" }, { "aws:username": "abe" }].map((context) => ({
        action,
        resource,
        context,
      })),
    ),
  );
  const allows = (
    { exceptActions = [], exceptResources = [], exceptConditions = [], ...one }: Grant,
    request: (typeof requests)[number],
  ) =>
    decide(request, [
      {
        Statement: [
          { Effect: "Allow", Action: one.actions, Resource: one.resources, ...conditionOf(one) },
          ...(exceptActions.length > 0 ? [{ Effect: "Deny", Action: exceptActions, Resource: "*" }] : []),
          ...(exceptResources.length > 0 ? [{ Effect: "Deny", Action: "*", Resource: exceptResources }] : []),
          ...exceptConditions.map((list) => ({
            Effect: "Deny",
            Action: "*",
            Resource: "*",
            ...conditionOf({ conditions: list }),
          })),
        ],
      },
    ]) === "allowed";
  const conditionOf = ({ conditions: list }: Pick<Grant, "conditions">) =>
    list.length === 0
      ? {}
      : {
          Condition: Object.fromEntries(
            list.map(({ operator, key, values }) => [operator, { [key]: values }]),
          ),
        };

  it("leave exactly the requests that no exception contains", () => {
    fc.assert(
      fc.property(grants, grants, (have, accepted) => {
        const left = subtractGrants(have, accepted);
        for (const request of requests) {
          // A pair that no service accepts allows nothing, and is in no grant.
          const isPossible = request.resource.includes(request.action.split(":")[0] ?? "");
          if (!isPossible) continue;
          const isLeft = left.some((one) => allows(one, request));
          const expected =
            have.some((one) => allows(one, request)) && !accepted.some((one) => allows(one, request));
          if (expected) assert.ok(isLeft, `${JSON.stringify(request)} is lost`);
          else if (isLeft) {
            assert.ok(
              left.some((one) => allows(one, request) && one.partly),
              `${JSON.stringify(request)} is left`,
            );
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it("stay covered when some of them go", () => {
    fc.assert(
      fc.property(grants, fc.nat(), (have, index) => {
        const fewer = have.filter((_, each) => each !== index % have.length);
        assert.deepEqual(subtractGrants(fewer, have), []);
      }),
      { numRuns: 60 },
    );
  });
});
