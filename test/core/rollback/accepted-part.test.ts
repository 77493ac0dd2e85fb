import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { compareTexts } from "@drift-guard/core/evaluate/comparison";
import { leaveUncovered, subtractGrants } from "@drift-guard/core/evaluate/coverage";
import { rateSeverity } from "@drift-guard/core/evaluate/severity";
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
import { approving, calls, driftsOf, plan, reasons } from "./planning.ts";

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

  it("keeps it out of NotResource, NotAction, other resources and other conditions", () => {
    const bucket = "arn:aws:s3:::input";
    const secure = { Bool: { "aws:SecureTransport": "true" } };
    const regional = { StringEquals: { "aws:RequestedRegion": ["eu-west-1", "us-east-1"] } };
    const others = { StringNotEquals: { "aws:PrincipalTag/team": "red" } };
    const under = (one: Readonly<Record<string, Readonly<Record<string, unknown>>>>) =>
      Object.entries(one).flatMap(([operator, keys]) =>
        Object.entries(keys).map(([key, value]) => ({
          operator,
          key: key.toLowerCase(),
          values: [value].flat().map(String),
        })),
      );
    const everything = { Effect: "Allow", Action: "*" };
    const nobody = { NotResource: ["arn:aws:s3:::nobody"] };
    const list = { Effect: "Allow", Action: ["s3:ListBucket"] };
    const onAll = aGrant({ actions: ["s3:ListBucket"], resources: ["*"] });
    const cases: readonly (readonly [accepted: Grant, present: object, left: object])[] = [
      [onAll, { ...everything, ...nobody }, { ...list, ...nobody }],
      [onAll, { ...everything, ...nobody, Condition: secure }, { ...list, ...nobody, Condition: secure }],
      [
        { ...onAll, resources: [bucket] },
        { ...everything, NotResource: "arn:aws:s3:::nobody" },
        { ...list, Resource: [bucket] },
      ],
      [onAll, { ...everything, Resource: [bucket, "arn:aws:iam::*"] }, { ...list, Resource: [bucket] }],
      [onAll, { Effect: "Allow", NotAction: "s3:PutObject", ...nobody }, { ...list, ...nobody }],
      [
        { ...onAll, actions: ["s3:List*"] },
        { Effect: "Allow", Action: ["s3:ListBucket", "iam:*"], ...nobody },
        { ...list, ...nobody },
      ],
      [
        aGrant({ actions: ["*"], resources: [bucket] }),
        { Effect: "Allow", NotAction: ["s3:ListBucket"], Resource: "*" },
        { Effect: "Allow", NotAction: ["s3:ListBucket"], Resource: [bucket] },
      ],
      [
        aGrant({
          actions: ["*"],
          exceptActions: ["iam:PassRole"],
          resources: ["*"],
          exceptResources: [bucket],
        }),
        { ...everything, NotResource: "arn:aws:s3:::nobody" },
        { Effect: "Allow", NotAction: "iam:PassRole", NotResource: [bucket, "arn:aws:s3:::nobody"] },
      ],
      [
        { ...onAll, conditions: under(secure) },
        { ...everything, Resource: "*", Condition: others },
        { ...list, Resource: ["*"], Condition: { ...secure, ...others } },
      ],
      [
        { ...onAll, conditions: under(regional) },
        {
          ...everything,
          Resource: "*",
          Condition: { StringEquals: { "aws:RequestedRegion": ["us-east-1", "us-west-2"] } },
        },
        { ...list, Resource: ["*"], Condition: { StringEquals: { "aws:requestedregion": ["us-east-1"] } } },
      ],
      [
        { ...onAll, conditions: under(others) },
        { ...everything, Resource: "*", Condition: { StringNotEquals: { "aws:PrincipalTag/team": "blue" } } },
        {
          ...list,
          Resource: ["*"],
          Condition: { StringNotEquals: { "aws:principaltag/team": ["red", "blue"] } },
        },
      ],
    ];
    for (const [grant, present, left] of cases) {
      const text = policy(present);
      const role = withInline(text);
      const detail = driftsOf(role).find(({ drift }) => drift.side === "excess")?.drift.detail ?? "";
      const exceptions = [{ ...acceptIn(role, "inline:p0", [grant]), detail }];
      const planned = plan(role, excessOnly, { control: { exceptions } });
      assert.deepEqual(calls(planned), ["iam:PutRolePolicy"], `${text}: ${reasons(planned)}`);
      assert.doesNotMatch(JSON.stringify(planned.plan), /accepted a part/);
      const [only, ...more] = inlineOf(after(role, planned)).Statement;
      assert.deepEqual(more, []);
      const { excess, missing } = compareTexts(policy(only), policy(left), { kind: "identity" });
      assert.deepEqual([...excess, ...missing], [], JSON.stringify(only));
      assert.deepEqual(calls(plan(after(role, planned), excessOnly, { control: { exceptions } })), []);
    }
  });

  // Nothing but a Deny says "all of s3 except s3:GetObject", and a Deny would take that from others too.
  const inexpressible = aGrant({ actions: ["s3:*"], exceptActions: ["s3:GetObject"], resources: ["*"] });
  const patterns = aGrant({ actions: ["s3:*Bucket"], resources: ["*"] });

  it("goes whole if the rest is CRITICAL and cannot be removed alone, and the owner of the exception is named", () => {
    const arn = `arn:aws:iam::${account}:policy/extra`;
    const managed = (text: string) =>
      asReferenced(name, {
        attached: [...asReferenced(name).attached, { arn, version: seen({ id: "v1", text }) }],
      });
    const cases = [
      { role: withInline(policy(statementOf("*"))), part: "inline:p0", grant: inexpressible },
      {
        role: withInline(policy(statementOf(["s3:List*", "iam:*"]))),
        part: "inline:p0",
        grant: patterns,
      },
      { role: managed(policy(statementOf("*"))), part: `managed:${arn}`, grant: patterns },
    ];
    for (const { role, part, grant } of cases) {
      const exceptions = [acceptIn(role, part, [grant])];
      const planned = plan(role, excessOnly, { control: { exceptions } });
      assert.deepEqual(
        calls(planned),
        [part.startsWith("inline") ? "iam:DeleteRolePolicy" : "iam:DetachRolePolicy"],
        reasons(planned),
      );
      assert.match(
        planned.plan.steps[0]?.note ?? "",
        /^A part of it was accepted, by ann until \S+\. The rest, of severity CRITICAL, cannot be removed alone, so that what was accepted goes too\./,
      );
      assert.deepEqual(calls(plan(role, { excess: "approve" }, { control: { exceptions } })), []);
    }
  });

  it("stays if the rest is less than CRITICAL and cannot be removed alone, until a person approves", () => {
    const role = withInline(policy(statementOf(["s3:List*", "sqs:SendMessage"])));
    const exceptions = [acceptIn(role, "inline:p0", [patterns])];
    const planned = plan(role, excessOnly, { control: { exceptions } });
    assert.deepEqual(calls(planned), []);
    assert.match(reasons(planned), /could not be written again with exactly that/);
    const { approvals } = approving(role).control;
    const approved = plan(role, excessOnly, { control: { exceptions, approvals } });
    assert.deepEqual(calls(approved), ["iam:DeleteRolePolicy"], reasons(approved));
    assert.match(approved.plan.steps[0]?.note ?? "", /accepted, by ann.* The rest cannot be removed alone/);
  });

  it("at the trust policy does not keep principals in whose presence is CRITICAL", () => {
    const service = { Service: "ecs-tasks.amazonaws.com" };
    const user = "arn:aws:iam::999988887777:user/friend";
    const trusting = (id: string) =>
      asReferenced(name, {
        trust: policy(
          ...[service, { AWS: id }].map((Principal) => ({
            Effect: "Allow",
            Principal,
            Action: "sts:AssumeRole",
          })),
        ),
      });
    const { resources: _, ...accepted } = aGrant({
      actions: ["sts:AssumeRole"],
      principals: [{ type: "AWS", id: user }],
    });
    const exceptions = [acceptIn(trusting(user), "trust", [accepted])];
    const role = trusting("arn:aws:iam::999988887777:root");
    const planned = plan(role, excessOnly, { control: { exceptions } });
    assert.deepEqual(calls(planned), ["iam:UpdateAssumeRolePolicy"], reasons(planned));
    assert.doesNotMatch(after(role, planned).trust, /999988887777/);
    assert.match(planned.plan.steps[0]?.note ?? "", /accepted, by ann/);
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
const drawn = fc
  .record(
    {
      Effect: fc.constantFrom("Allow", "Allow", "Allow", "Deny"),
      Action: some([...actions, "s3:*", "s3:Get*", "*"]),
      Resource: some(resources),
      Condition: fc.constantFrom(
        { Bool: { "aws:SecureTransport": "true" } },
        { StringNotEquals: { "aws:SecureTransport": "true" } },
      ),
      negated: fc.constantFrom("none", "none", "Action", "Resource"),
    },
    { requiredKeys: ["Effect", "Action", "Resource", "negated"] },
  )
  .map(({ Action, Resource, negated, ...rest }) => ({
    ...rest,
    ...(negated === "Action" ? { NotAction: Action } : { Action }),
    ...(negated === "Resource" ? { NotResource: Resource } : { Resource }),
  }));
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

const statements = fc.array(drawn, { minLength: 1, maxLength: 4 });
const picks = fc.array(
  fc.record({ grant: fc.nat(), action: fc.nat(), resource: fc.nat(), whole: fc.boolean() }),
  { minLength: 1, maxLength: 3 },
);

/** Draws a role of two inline policies, and for each some of what it allows beyond its reference, accepted by somebody. */
const accepting = fc
  .record({ texts: fc.array(statements, { minLength: 1, maxLength: 2 }), picks })
  .map(({ texts, picks }) => {
    const role = withInline(...texts.map((each) => policy(...each)));
    const drifts = listExcess(role, "inline");
    return { role, drifts, exceptions: drifts.map((found) => acceptSome(role, found, picks)) };
  });

/** Draws a role before and after somebody changed a policy of which another person had accepted some. */
const changing = fc
  .record({
    kind: fc.constantFrom("inline" as const, "managed" as const),
    before: statements,
    after: fc.oneof(
      statements,
      statements.map((each) => [...each, { Effect: "Allow", Action: "*", NotResource: input }]),
      statements.map((each) => [...each, statementOf("*")]),
    ),
    picks,
  })
  .map(({ kind, before, after, picks }) => {
    const arn = `arn:aws:iam::${account}:policy/extra`;
    const build = (text: string) =>
      kind === "inline"
        ? withInline(text)
        : asReferenced(name, {
            attached: [...asReferenced(name).attached, { arn, version: seen({ id: "v1", text }) }],
          });
    const accepted = build(policy(...before));
    const exceptions = listExcess(accepted, kind).map((found) => acceptSome(accepted, found, picks));
    return { kind, role: build(policy(...after)), exceptions };
  });

type Found = ReturnType<typeof driftsOf>[number];

function listExcess(role: Role, kind: "inline" | "managed"): readonly Found[] {
  return driftsOf(role).filter(
    ({ drift }) => drift.part.kind === kind && drift.side === "excess" && drift.grants.length > 0,
  );
}

/** Accepts some grants of a drift, whole or one action on one resource of them. */
function acceptSome(
  role: Role,
  { drift }: Found,
  some: typeof picks extends fc.Arbitrary<infer One> ? One : never,
): Exception {
  const grants = some.map(({ grant, action, resource, whole }) => {
    const all = drift.grants[grant % drift.grants.length] ?? aGrant();
    if (whole) return all;
    const only = <T>(list: readonly T[] = [], index: number) => list.slice(index % list.length).slice(0, 1);
    const { exceptActions: _, exceptResources: __, ...rest } = all;
    return { ...rest, actions: only(all.actions, action), resources: only(all.resources, resource) };
  });
  return acceptIn(role, drift.part.toString(), grants);
}

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

  it("leaves every request that was accepted, unless it says so, and no other one of a part that it writes", () => {
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
          const isLost = planned.plan.steps.some(
            ({ findings, note = "" }) => findings.includes(id) && note.includes("what was accepted goes too"),
          );
          for (const request of isLost ? [] : accepted) {
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
      { numRuns: 40 },
    );
    assert.ok(partial > 3, `only ${partial} were rolled back in part`);
  });

  it("leaves no CRITICAL excess beyond what was accepted", () => {
    let critical = 0;
    const listCritical = (role: Role, kind: "inline" | "managed", exceptions: readonly Exception[]) =>
      listExcess(role, kind).filter(({ id, drift }) => {
        const left = leaveUncovered({ id, evidence: drift }, { exceptions, now: noon });
        const grants = exceptions.flatMap((each) => each.grants ?? []);
        // Accepted grants whose paths of escalation nobody accepted are shown, and are not beyond.
        if (left === undefined || subtractGrants(drift.grants, grants).length === 0) return false;
        return rateSeverity(left, { role }) === "CRITICAL";
      });
    fc.assert(
      fc.property(changing, ({ kind, role, exceptions }) => {
        if (exceptions.length > 0) critical += listCritical(role, kind, exceptions).length;
        const planned = plan(role, excessOnly, { control: { exceptions } });
        assert.deepEqual(listCritical(after(role, planned), kind, exceptions), [], reasons(planned));
      }),
      { numRuns: 40 },
    );
    assert.ok(critical > 20, `only ${critical} were critical`);
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
