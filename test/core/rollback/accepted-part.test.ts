import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { leaveUncovered } from "@drift-guard/core/evaluate/coverage";
import type { Drift } from "@drift-guard/core/model/evidence";
import type { Exception } from "@drift-guard/core/model/exception";
import type { Grant } from "@drift-guard/core/model/grant";
import { digestEvidence, identifyFinding } from "@drift-guard/core/model/identity";
import { type Role, seen } from "@drift-guard/core/model/role";
import { applyStep } from "@drift-guard/core/rollback/apply-step";
import type { PlanningResult } from "@drift-guard/core/rollback/planner";
import { decide } from "@drift-guard/policy/decide";
import type { PolicyRequest } from "@drift-guard/policy/grant";
import { parsePolicy } from "@drift-guard/policy/parse";
import fc from "fast-check";
import { account, aGrant, aRole, noon, secondsAfterNoon, trustOf } from "../../builders.ts";
import { asReferenced, referenceOf } from "../watched-roles.ts";
import { calls, driftsOf, plan, reasons } from "./planning.ts";

const name = "ecsTaskExecutionRole";
const excessOnly = { excess: "automatic" } as const;
const policy = (...Statement: readonly object[]) => JSON.stringify({ Version: "2012-10-17", Statement });
const statementOf = (Action: string | readonly string[], Resource: string | readonly string[] = "*") => ({
  Effect: "Allow",
  Action,
  Resource,
});
const input = "arn:aws:s3:::input/*";
const withInline = (...texts: readonly string[]): Role =>
  asReferenced(name, { inline: texts.map((text, index) => ({ name: `p${index}`, text })) });

function acceptIn(role: Role, part: string, grants: readonly Grant[]): Exception {
  const found = driftsOf(role).find(({ drift }) => drift.part.toString() === part && drift.side === "excess");
  assert.ok(found, part);
  return {
    findingId: found.id,
    digest: digestEvidence({ ...found.drift, grants }),
    grants,
    owner: "ann",
    reason: "known",
    at: noon,
    expires: secondsAfterNoon(60),
  };
}

function after(role: Role, { plan: { steps } }: PlanningResult): Role {
  return steps.reduce((current, step) => applyStep(current, step), role);
}

const inlineOf = (role: Role, policyName = "p0") => {
  const text = role.inline.find(({ name: each }) => each === policyName)?.text;
  return text === undefined ? undefined : JSON.parse(text);
};

describe("a drift of which a part is accepted", () => {
  it("loses the rest alone: another statement, another action, another resource", () => {
    const get = aGrant({ actions: ["s3:GetObject"], resources: [input] });
    const bad = statementOf("sqs:*");
    for (const text of [
      policy(statementOf("s3:GetObject", input), bad),
      policy(statementOf(["s3:GetObject", "s3:PutObject"], input), bad),
      policy(statementOf("s3:GetObject", [input, "arn:aws:s3:::other/*"])),
      policy(statementOf("s3:Get*", "*"), bad),
      policy(statementOf("*")),
    ]) {
      const role = withInline(text);
      const exceptions = [acceptIn(role, "inline:p0", [get])];
      const planned = plan(role, excessOnly, { control: { exceptions } });
      assert.deepEqual(calls(planned), ["iam:PutRolePolicy"], text);
      const [only, ...others] = inlineOf(after(role, planned)).Statement;
      assert.deepEqual(others, []);
      assert.deepEqual([only.Action, only.Resource].flat(), ["s3:GetObject", input]);
      // The rest is accepted whole, so that nothing is left to do.
      assert.deepEqual(calls(plan(after(role, planned), excessOnly, { control: { exceptions } })), []);
    }
  });

  it("goes whole where nothing of what was accepted is left in it", () => {
    const get = aGrant({ actions: ["s3:GetObject"], resources: ["*"] });
    const exceptions = [acceptIn(withInline(policy(statementOf("s3:GetObject"))), "inline:p0", [get])];
    const role = withInline(policy(statementOf("sns:Publish")));
    const planned = plan(role, excessOnly, { control: { exceptions } });
    assert.deepEqual(calls(planned), ["iam:DeleteRolePolicy"]);
  });

  it("at the trust policy lets nobody in again who was accepted and is gone", () => {
    const service = { Service: "ecs-tasks.amazonaws.com" };
    const [friend, stranger] = ["111122223333", "999988887777"].map((id) => `arn:aws:iam::${id}:root`);
    assert.ok(friend !== undefined && stranger !== undefined);
    const trusting = (...ids: readonly string[]) => {
      const principals = [service, ...ids.map((AWS) => ({ AWS }))];
      const statements = principals.map((Principal) => ({
        Effect: "Allow",
        Principal,
        Action: "sts:AssumeRole",
      }));
      return asReferenced(name, { trust: policy(...statements) });
    };
    const grant = aGrant({ actions: ["sts:AssumeRole"], principals: [{ type: "AWS", id: friend }] });
    const { resources: _, ...accepted } = grant;
    const exceptions = [acceptIn(trusting(friend), "trust", [accepted])];
    const role = trusting(stranger);
    const planned = plan(role, excessOnly, { control: { exceptions } });
    const { trust } = after(role, planned);
    assert.ok(!trust.includes(stranger) && !trust.includes(friend) && trust.includes("ecs-tasks"), trust);
  });

  it("keeps conditions and Denies", () => {
    const Condition = { Bool: { "aws:SecureTransport": "true" } };
    const stop = { Effect: "Deny", Action: "s3:DeleteBucket", Resource: "*" };
    const role = withInline(
      policy({ ...statementOf(["s3:GetObject", "s3:PutObject"], input), Condition }, stop),
    );
    const grant = aGrant({
      actions: ["s3:GetObject"],
      resources: [input],
      conditions: [{ operator: "Bool", key: "aws:SecureTransport", values: ["true"] }],
    });
    const planned = plan(role, excessOnly, {
      control: { exceptions: [acceptIn(role, "inline:p0", [grant])] },
    });
    assert.deepEqual(inlineOf(after(role, planned)).Statement, [
      { ...statementOf(["s3:GetObject"], [input]), Condition },
      stop,
    ]);
  });

  it("is accepted at its own part alone", () => {
    const text = policy(statementOf("s3:GetObject", input), statementOf("sqs:*"));
    const role = withInline(text, text);
    const exceptions = [
      acceptIn(role, "inline:p0", [aGrant({ actions: ["s3:GetObject"], resources: [input] })]),
    ];
    const planned = plan(role, excessOnly, { control: { exceptions } });
    assert.deepEqual(calls(planned).toSorted(), ["iam:DeleteRolePolicy", "iam:PutRolePolicy"]);
    assert.deepEqual(inlineOf(after(role, planned)).Statement, [statementOf("s3:GetObject", input)]);
    assert.equal(inlineOf(after(role, planned), "p1"), undefined);
  });

  it("at the trust policy loses the principals that nobody accepted", () => {
    const service = { Service: "ecs-tasks.amazonaws.com" };
    const [friend, stranger] = ["111122223333", "999988887777"].map((id) => `arn:aws:iam::${id}:root`);
    assert.ok(friend !== undefined && stranger !== undefined);
    const assume = (Principal: object) => ({ Effect: "Allow", Principal, Action: "sts:AssumeRole" });
    for (const statements of [
      [assume(service), assume({ AWS: friend }), assume({ AWS: stranger })],
      [assume(service), assume({ AWS: [friend, stranger] })],
    ]) {
      const role = asReferenced(name, { trust: policy(...statements) });
      const grant = aGrant({ actions: ["sts:AssumeRole"], principals: [{ type: "AWS", id: friend }] });
      const { resources: _, ...accepted } = grant;
      const exceptions = [acceptIn(role, "trust", [accepted])];
      const planned = plan(role, { excess: "automatic" }, { control: { exceptions } });
      assert.deepEqual(calls(planned), ["iam:UpdateAssumeRolePolicy"], reasons(planned));
      const { trust } = after(role, planned);
      assert.ok(trust.includes(friend) && trust.includes("ecs-tasks") && !trust.includes(stranger), trust);
      assert.deepEqual(calls(plan(after(role, planned), excessOnly, { control: { exceptions } })), []);
    }
  });

  it("at a managed policy waits for a person, with who accepted what; an approval undoes all of it", () => {
    const arn = `arn:aws:iam::${account}:policy/extra`;
    const text = policy(statementOf("s3:GetObject", input), statementOf("sqs:*"));
    const reference = referenceOf(name);
    const role = asReferenced(name, {
      attached: [...asReferenced(name).attached, { arn, version: seen({ id: "v1", text }) }],
    });
    const exception = acceptIn(role, `managed:${arn}`, [
      aGrant({ actions: ["s3:GetObject"], resources: [input] }),
    ]);
    const exceptions = [exception];
    const planned = plan(role, excessOnly, { reference, control: { exceptions } });
    assert.deepEqual(calls(planned), []);
    assert.match(reasons(planned), /A part of it is accepted, by ann until .*a person must approve/);
    const [found] = driftsOf(role).filter(({ id }) => id === exception.findingId);
    assert.ok(found);
    const approvals = [
      {
        findingId: found.id,
        digest: digestEvidence(found.drift),
        by: "bea",
        at: noon,
        expires: secondsAfterNoon(60),
      },
    ];
    assert.deepEqual(calls(plan(role, excessOnly, { control: { exceptions, approvals } })), [
      "iam:DetachRolePolicy",
    ]);
  });

  it("that is missing is not restored: the restored policy would allow what somebody accepted as gone", () => {
    const bare = aRole({ name, trust: trustOf("ecs-tasks.amazonaws.com"), attached: [] });
    const [found] = driftsOf(bare).filter(({ drift }) => drift.part.kind === "managed");
    const [first] = found?.drift.grants ?? [];
    assert.ok(found && first);
    const grants = [{ ...first, actions: first.actions.slice(0, 1) }];
    const exceptions: readonly Exception[] = [
      {
        findingId: found.id,
        digest: "other",
        grants,
        owner: "ann",
        reason: "known",
        expires: secondsAfterNoon(60),
      },
    ];
    const planned = plan(bare, { missing: "automatic" }, { control: { exceptions } });
    assert.ok(!calls(planned).includes("iam:AttachRolePolicy"));
    assert.match(reasons(planned), /A part of it is accepted/);
  });
});

const actions = ["s3:GetObject", "s3:PutObject", "s3:ListBucket", "sqs:SendMessage", "ecr:BatchGetImage"];
const resources = ["*", input, "arn:aws:s3:::input/a", "arn:aws:s3:::other/*", "arn:aws:sqs:us-east-1:1:q"];
const some = <T>(values: readonly T[]) =>
  fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 3 });
const drawn = fc.record(
  {
    Effect: fc.constantFrom("Allow", "Allow", "Allow", "Deny"),
    Action: some([...actions, "s3:*", "s3:Get*", "*"]),
    Resource: some(resources),
    Condition: fc.constant({ Bool: { "aws:SecureTransport": "true" } }),
  },
  { requiredKeys: ["Effect", "Action", "Resource"] },
);
// No service accepts another service's ARN.
const targets = [
  "arn:aws:s3:::input/a",
  "arn:aws:s3:::input/b",
  "arn:aws:s3:::other/a",
  "arn:aws:sqs:us-east-1:1:q",
  "arn:aws:ecr:us-east-1:1:repository/r",
];
const requests: readonly PolicyRequest[] = actions.flatMap((action) =>
  targets
    .filter((resource) => resource.startsWith(`arn:aws:${action.split(":")[0]}:`))
    .flatMap((resource) =>
      ["true", "false"].map((secure) => ({ action, resource, context: { "aws:SecureTransport": secure } })),
    ),
);
const isAllowed = (request: PolicyRequest, texts: readonly string[]) =>
  decide(request, texts.map(parsePolicy)) === "allowed";
const policiesOf = ({ inline }: Role) => inline.map(({ text }) => text);

/** Draws a role of two inline policies, and for each some of what it allows beyond its reference, accepted by somebody. */
const accepting = fc
  .record({
    texts: fc.array(fc.array(drawn, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 2 }),
    picks: fc.array(
      fc.record({ grant: fc.nat(), action: fc.nat(), resource: fc.nat(), whole: fc.boolean() }),
      {
        minLength: 1,
        maxLength: 3,
      },
    ),
  })
  .map(({ texts, picks }) => {
    const role = withInline(...texts.map((statements) => policy(...statements)));
    const drifts = driftsOf(role).filter(
      ({ drift }) => drift.part.kind === "inline" && drift.side === "excess" && drift.grants.length > 0,
    );
    const exceptions = drifts.map(({ id, drift }): Exception => {
      const grants = picks.map(({ grant, action, resource, whole }) => {
        const all = drift.grants[grant % drift.grants.length] ?? aGrant();
        if (whole) return all;
        const only = <T>(list: readonly T[] = [], index: number) =>
          list.slice(index % list.length).slice(0, 1);
        const { exceptActions: _, exceptResources: __, ...rest } = all;
        return { ...rest, actions: only(all.actions, action), resources: only(all.resources, resource) };
      });
      return { ...acceptIn(role, drift.part.toString(), grants), findingId: id };
    });
    return { role, drifts, exceptions };
  });

type Accepting = typeof accepting extends fc.Arbitrary<infer One> ? One : never;

/** Whether exceptions accept all of a drift. */
function isCovered({ role, exceptions }: Accepting, drift: Drift): boolean {
  const finding = { id: identifyFinding(role, drift), evidence: drift };
  return leaveUncovered(finding, { exceptions, now: noon }) === undefined;
}

describe("Rollback of drift of which a part is accepted, whatever the policies are", () => {
  const reference = referenceOf(name);
  const permitted = reference.attachments.map(({ document }) => document);
  const isPermitted = (request: PolicyRequest) => isAllowed(request, permitted);

  it("leaves every request that was accepted, and no other one of a part that it writes", () => {
    let partial = 0;
    fc.assert(
      fc.property(accepting, (given) => {
        const { role, drifts, exceptions } = given;
        const planned = plan(role, excessOnly, { control: { exceptions } });
        const withheld = new Set(planned.withheld.map(({ finding }) => finding));
        const result = after(role, planned);
        for (const { id, drift } of drifts) {
          const text = role.inline.find(({ name: each }) => each === drift.part.name)?.text ?? "";
          const now = result.inline.find(({ name: each }) => each === drift.part.name)?.text;
          const grants = exceptions.flatMap((each) => (each.findingId === id ? (each.grants ?? []) : []));
          const isAccepted = (request: PolicyRequest) =>
            isAllowed(request, [text]) && grants.some((grant) => isIn(request, grant));
          const accepted = requests.filter(isAccepted);
          if (accepted.some((request) => !isPermitted(request)) && now !== text && now !== undefined)
            partial += 1;
          for (const request of accepted) {
            if (!isAllowed(request, policiesOf(role))) continue;
            assert.ok(isAllowed(request, policiesOf(result)), `lost ${JSON.stringify(request)}`);
          }
          if (withheld.has(id) || isCovered(given, drift)) {
            assert.equal(now, text);
            continue;
          }
          if (now === undefined) continue;
          for (const request of requests) {
            if (!isAllowed(request, [now]) || isPermitted(request) || isAccepted(request)) continue;
            assert.fail(`${JSON.stringify(request)} is still allowed by ${now}`);
          }
        }
      }),
      { numRuns: 60 },
    );
    assert.ok(partial > 3, `only ${partial} were rolled back in part`);
  });
});

/** Whether a request is in a grant. */
function isIn(request: PolicyRequest, grant: Grant): boolean {
  const { actions: own, resources: on = ["*"], exceptActions = [], exceptResources = [], conditions } = grant;
  const { exceptConditions = [] } = grant;
  const blocks = (list: Grant["conditions"]) =>
    Object.fromEntries(list.map(({ operator, key, values }) => [operator, { [key]: [...values] }]));
  const all = { Resource: "*", Action: "*" };
  const statements = [
    {
      Effect: "Allow",
      Action: own,
      Resource: on,
      ...(conditions.length > 0 && { Condition: blocks(conditions) }),
    },
    ...(exceptActions.length > 0 ? [{ Effect: "Deny", ...all, Action: exceptActions }] : []),
    ...(exceptResources.length > 0 ? [{ Effect: "Deny", ...all, Resource: exceptResources }] : []),
    ...exceptConditions.map((list) => ({ Effect: "Deny", ...all, Condition: blocks(list) })),
  ];
  return isAllowed(request, [policy(...statements)]);
}
