import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Organization } from "@drift-guard/core/config/organization";
import { evaluate } from "@drift-guard/core/evaluate/evaluate";
import type { Assessment, Drift } from "@drift-guard/core/model/evidence";
import { managedPart } from "@drift-guard/core/model/part";
import { type Role, seen, unseen } from "@drift-guard/core/model/role";
import { builtInReferences } from "@drift-guard/core/reference/built-in";
import { account, allow, batchServicePolicy, trustOf } from "../../builders.ts";
import { asReferenced, guardedAs, referenceOf } from "../watched-roles.ts";

function assess(role: Role, organization?: Organization): readonly Assessment[] {
  return evaluate({
    reference: referenceOf(role.name),
    guarded: guardedAs({}),
    reading: { status: "present", role },
    ...(organization && { organization }),
  });
}

function onlyDrift(assessments: readonly Assessment[]): Drift {
  const [first] = assessments;
  assert.equal(assessments.length, 1, JSON.stringify(assessments));
  if (first?.kind !== "drift") throw new assert.AssertionError({ message: `it is ${first?.kind}` });
  return first;
}

const trust = (...statements: readonly object[]) =>
  JSON.stringify({ Version: "2012-10-17", Statement: statements });
const byService = (service: string, over: object = {}) => ({
  Effect: "Allow",
  Principal: { Service: service },
  Action: "sts:AssumeRole",
  ...over,
});

describe("a role as its reference says", () => {
  for (const { role } of builtInReferences()) {
    it(`has no drift: ${role}`, () => {
      assert.deepEqual(assess(asReferenced(role)), []);
    });
  }

  it("has no drift in another form: with a Sid, a list for a scalar, another order (R43, T9)", () => {
    const other = trust({
      Action: ["sts:AssumeRole"],
      Principal: { Service: ["ecs-tasks.amazonaws.com"] },
      Effect: "Allow",
    });
    assert.deepEqual(assess(asReferenced("ecsTaskExecutionRole", { trust: other })), []);
  });

  it("may be at any path (2.8)", () => {
    assert.deepEqual(assess(asReferenced("AWSBatchServiceRole", { path: "/" })), []);
  });
});

describe("drift is reported for", () => {
  const policy = (Effect: string, Action: string) =>
    JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect, Action, Resource: "*" }] });
  const parts = (assessments: readonly Assessment[]) =>
    assessments.map((each) => (each.kind === "drift" ? `${each.part} ${each.side}` : each.kind));

  it("an Allow that an allowed Deny overrides", () => {
    const role = asReferenced("AWSBatchServiceRole", {
      inline: [
        { name: "guardrail", text: policy("Deny", "iam:*") },
        { name: "rogue", text: policy("Allow", "iam:*") },
      ],
    });
    const guarded = guardedAs({ allowedPolicies: ["guardrail"] });
    assert.deepEqual(
      parts(evaluate({ reference: referenceOf(role.name), guarded, reading: { status: "present", role } })),
      ["inline:rogue excess"],
    );
  });

  it("a Deny on a role without required parts", () => {
    const role = asReferenced("AWSBatchServiceRole", {
      inline: [{ name: "contained", text: policy("Deny", "*") }],
    });
    const guarded = guardedAs({ strictness: { attachments: "off", floor: "off" } });
    assert.deepEqual(
      parts(evaluate({ reference: referenceOf(role.name), guarded, reading: { status: "present", role } })),
      ["inline:contained missing"],
    );
  });

  it("an edited customer managed policy, if attachments are not compared", () => {
    const arn = `arn:aws:iam::${account}:policy/own`;
    const original = referenceOf("AWSBatchServiceRole");
    const own = { arn, version: "v1", document: policy("Allow", "ecs:RunTask"), source: original.source };
    const reference = { ...original, attachments: [own] };
    const role = asReferenced("AWSBatchServiceRole", {
      attached: [{ arn, version: seen({ id: "v2", text: policy("Allow", "*") }) }],
    });
    const guarded = guardedAs({ strictness: { attachments: "off" } });
    assert.deepEqual(parts(evaluate({ reference, guarded, reading: { status: "present", role } })), [
      `managed:${arn} excess`,
    ]);
  });

  it("a role created again at an unexpected path", () => {
    assert.deepEqual(parts(assess(asReferenced("AWSBatchServiceRole", { path: "/evil/" }))), [
      "role altered",
    ]);
  });
});

describe("an absent role", () => {
  const reading = { status: "absent", account, name: "AWSBatchServiceRole" } as const;
  const reference = referenceOf("AWSBatchServiceRole");

  it("is missing if it is required (R2, R4)", () => {
    const drift = onlyDrift(evaluate({ reference, guarded: guardedAs({}), reading }));
    assert.deepEqual([String(drift.part), drift.side], ["role", "missing"]);
  });

  it("is no drift if it is not required", () => {
    assert.deepEqual(evaluate({ reference, guarded: guardedAs({ required: false }), reading }), []);
  });
});

describe("a managed policy", () => {
  it("is missing when detached, with all its grants (R5)", () => {
    const drift = onlyDrift(assess(asReferenced("AWSBatchServiceRole", { attached: [] })));
    assert.deepEqual([String(drift.part), drift.side], [`managed:${batchServicePolicy}`, "missing"]);
    assert.ok(drift.grants.some(({ actions }) => actions.includes("ecs:RunTask")));
  });

  it("is missing if its document is only inline (R40)", () => {
    const [attachment] = referenceOf("AWSBatchServiceRole").attachments;
    const copy = { name: "copy", text: attachment?.document ?? "" };
    const drift = onlyDrift(assess(asReferenced("AWSBatchServiceRole", { attached: [], inline: [copy] })));
    assert.equal(String(drift.part), `managed:${batchServicePolicy}`);
  });

  it("is a vendor change, with the difference, if AWS published a new version", () => {
    const reference = referenceOf("ecsTaskExecutionRole").attachments[0];
    const document = JSON.parse(reference?.document ?? "");
    document.Statement[0].Action.push("logs:CreateLogGroup");
    const attached = [
      { arn: reference?.arn ?? "", version: seen({ id: "v2", text: JSON.stringify(document) }) },
    ];
    const [change, ...others] = assess(asReferenced("ecsTaskExecutionRole", { attached }));
    assert.deepEqual(others, []);
    assert.equal(change?.kind, "vendor-change");
    assert.deepEqual(change?.kind === "vendor-change" && change.added.map(({ actions }) => actions), [
      ["logs:CreateLogGroup"],
    ]);
  });

  it("is no drift if only its version number changed", () => {
    const role = asReferenced("AWSBatchServiceRole");
    const attached = role.attached.map(({ arn }) => ({
      arn,
      version: seen({ id: "v99", text: referenceOf("AWSBatchServiceRole").attachments[0]?.document ?? "" }),
    }));
    assert.deepEqual(assess({ ...role, attached }), []);
  });

  it("is excess if it allows more than the role may have", () => {
    const role = asReferenced("AWSBatchServiceRole");
    const admin = {
      arn: "arn:aws:iam::aws:policy/AdministratorAccess",
      version: seen({ id: "v1", text: allow("*") }),
    };
    const drift = onlyDrift(assess({ ...role, attached: [...role.attached, admin] }));
    assert.deepEqual([String(drift.part), drift.side], [`managed:${admin.arn}`, "excess"]);
  });

  it("is undecided if its document cannot be read", () => {
    const role = asReferenced("AWSBatchServiceRole");
    const attached = role.attached.map(({ arn }) => ({ arn, version: unseen("access denied") }));
    assert.deepEqual(assess({ ...role, attached }), [
      { kind: "undecided", part: managedPart(batchServicePolicy), reasons: ["access denied"] },
    ]);
  });
});

describe("an inline policy", () => {
  const withInline = (name: string, text: string) =>
    assess(asReferenced(name, { inline: [{ name: "extra", text }] }));

  it("is excess if it allows what no other policy of the role may", () => {
    const drift = onlyDrift(withInline("AWSBatchServiceRole", allow("iam:*")));
    assert.deepEqual([String(drift.part), drift.side], ["inline:extra", "excess"]);
    assert.deepEqual(
      drift.grants.map(({ actions }) => actions),
      [["iam:*"]],
    );
  });

  it("is no drift if it allows nothing new (R6)", () => {
    assert.deepEqual(withInline("AWSBatchServiceRole", allow("ecs:RunTask")), []);
  });

  it("is no drift on an execution role for the guide's special cases (R39, R45, R46)", () => {
    const secret = allow(
      "secretsmanager:GetSecretValue",
      "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-AbCdEf",
    );
    assert.deepEqual(withInline("ecsTaskExecutionRole", secret), []);
  });

  it("is missing, with the Deny, if it denies", () => {
    const deny = JSON.stringify({
      Version: "2012-10-17",
      Statement: [{ Effect: "Deny", Action: "*", Resource: "*" }],
    });
    const drift = onlyDrift(withInline("AWSBatchServiceRole", deny));
    assert.deepEqual([String(drift.part), drift.side], ["inline:extra", "missing"]);
    assert.equal(drift.denies.length, 1);
  });

  it("is undecided if it cannot be parsed", () => {
    const [first] = withInline("AWSBatchServiceRole", '{"Statement": 7}');
    assert.equal(first?.kind, "undecided");
  });
});

describe("a trust", () => {
  const withTrust = (text: string) => assess(asReferenced("ecsTaskExecutionRole", { trust: text }));

  it("is excess if it trusts another account, and names it", () => {
    const drift = onlyDrift(
      withTrust(
        trust(byService("ecs-tasks.amazonaws.com"), byService("", { Principal: { AWS: "999988887777" } })),
      ),
    );
    assert.deepEqual([String(drift.part), drift.side], ["trust", "excess"]);
    assert.match(JSON.stringify(drift.grants[0]?.principals), /999988887777/);
  });

  it("of another service is excess and missing, two drifts", () => {
    const sides = withTrust(trustOf("lambda.amazonaws.com")).map(
      (each) => each.kind === "drift" && each.side,
    );
    assert.deepEqual(sides, ["excess", "missing"]);
  });

  it("that was hardened with the own account is no drift (2.10, T2)", () => {
    const hardened = byService("ecs-tasks.amazonaws.com", {
      Condition: { StringEquals: { "aws:SourceAccount": account } },
    });
    assert.deepEqual(withTrust(trust(hardened)), []);
  });

  it("that a Deny hardens is no drift, unless it shuts the own account out (2.10)", () => {
    const denying = (Condition: object) =>
      trust(byService("ecs-tasks.amazonaws.com"), {
        Effect: "Deny",
        Principal: "*",
        Action: "sts:AssumeRole",
        Condition,
      });
    for (const condition of [
      { StringNotEquals: { "aws:SourceAccount": account } },
      { ArnNotLike: { "aws:SourceArn": `arn:aws:ecs:*:${account}:*` } },
      { StringEquals: { "aws:SourceAccount": "210987654321" } },
    ]) {
      assert.deepEqual(withTrust(denying(condition)), [], JSON.stringify(condition));
    }
    for (const condition of [
      { StringNotEquals: { "aws:SourceAccount": "210987654321" } },
      { StringEquals: { "aws:SourceAccount": account } },
      { NotIpAddress: { "aws:SourceIp": "10.0.0.0/8" } },
    ]) {
      const [drift, ...others] = withTrust(denying(condition));
      assert.deepEqual(others, []);
      assert.ok(drift?.kind === "drift" && drift.side === "missing", JSON.stringify(condition));
      assert.deepEqual([drift.grants.length, drift.denies.length], [1, 1]);
    }
  });

  // AWS IAM User Guide, "Establish permissions guardrails using data perimeters".
  it("that a Deny of the data perimeter hardens is no drift, and a note unless the organisation is known (2.10)", () => {
    const id = "o-a1b2c3d4e5";
    const perimeter = trust(byService("ecs-tasks.amazonaws.com"), {
      Effect: "Deny",
      Principal: "*",
      Action: "sts:AssumeRole",
      Condition: {
        StringNotEqualsIfExists: { "aws:SourceOrgID": id },
        Null: { "aws:SourceAccount": "false" },
        Bool: { "aws:PrincipalIsAWSService": "true" },
      },
    });
    const role = asReferenced("ecsTaskExecutionRole", { trust: perimeter });
    assert.deepEqual(assess(role, { id }), []);
    const [note, ...others] = assess(role, undefined);
    assert.deepEqual(others, []);
    assert.ok(note?.kind === "note" && note.topic === "unknown-organization");
  });

  it("that names the own account among others is no drift (2.10)", () => {
    const shared = byService("ecs-tasks.amazonaws.com", {
      Condition: { StringEquals: { "aws:SourceAccount": [account, "210987654321"] } },
    });
    assert.deepEqual(withTrust(trust(shared)), []);
  });

  it("that requires an organisation is a note unless the configuration names it", () => {
    const inside = (key: string, value: string) =>
      trust(byService("ecs-tasks.amazonaws.com", { Condition: { StringLike: { [key]: value } } }));
    const assessInside = (text: string, organization?: Organization) =>
      assess(asReferenced("ecsTaskExecutionRole", { trust: text }), organization);
    const id = "o-a1b2c3d4e5";
    const byId = inside("aws:SourceOrgID", id);
    const [note, ...others] = assessInside(byId);
    assert.deepEqual(others, []);
    assert.ok(note?.kind === "note" && note.topic === "unknown-organization");
    assert.match(note.details.join(), /aws:SourceOrgID StringLike o-a1b2c3d4e5\. .*Set organization\.id in/);
    assert.deepEqual(assessInside(byId, { id }), []);
    assert.equal(onlyDrift(assessInside(byId, { id: "o-other12345" })).side, "missing");
    const unit = `${id}/r-ab12/ou-ab12-11111111/`;
    const byUnit = inside("aws:SourceOrgPaths", `${unit}*`);
    assert.match(JSON.stringify(assessInside(byUnit, { id })), /Set organization\.paths/);
    assert.deepEqual(assessInside(byUnit, { id, paths: [unit] }), []);
  });

  it("is missing if it requires the principal's organisation, and says that a service has none", () => {
    const required = byService("ecs-tasks.amazonaws.com", {
      Condition: { StringEquals: { "aws:PrincipalOrgID": "o-a1b2c3d4e5" } },
    });
    const { side, detail = "" } = onlyDrift(withTrust(trust(required)));
    assert.equal(side, "missing");
    assert.match(detail, /ecs-tasks\.amazonaws\.com has no aws:PrincipalOrgID, .* shuts the service out\./);
    assert.match(detail, / aws:SourceOrgID\.$/);
  });

  it("that trusts an identity provider in China is excess that names the provider as it is", () => {
    const issuer = "oidc.eks.cn-northwest-1.amazonaws.com.cn/id/0123456789ABCDEF";
    const provider = `arn:aws-cn:iam::${account}:oidc-provider/${issuer}`;
    const federated = {
      Effect: "Allow",
      Principal: { Federated: provider },
      Action: "sts:AssumeRoleWithWebIdentity",
      Condition: { StringEquals: { [`${issuer}:sub`]: "system:serviceaccount:jobs:runner" } },
    };
    const role = asReferenced("ecsTaskExecutionRole", {
      partition: "aws-cn",
      trust: trust(byService("ecs-tasks.amazonaws.com"), federated),
    });
    const [drift] = assess(role).filter(({ part }) => part.kind === "trust");
    assert.ok(drift?.kind === "drift" && drift.side === "excess");
    assert.deepEqual(drift.grants[0]?.principals, [{ type: "Federated", id: provider }]);
    assert.equal(drift.grants[0]?.conditions[0]?.key, `${issuer}:sub`);
  });

  it("is missing if it requires another account: AWS Batch can no longer assume the role", () => {
    const wrong = byService("ecs-tasks.amazonaws.com", {
      Condition: { StringEquals: { "aws:SourceAccount": "999988887777" } },
    });
    assert.equal(onlyDrift(withTrust(trust(wrong))).side, "missing");
  });

  it("names a deleted principal, and says that re-creating it does not restore the trust", () => {
    const gone = (AWS: string | readonly string[]) => byService("", { Principal: { AWS } });
    const service = byService("ecs-tasks.amazonaws.com");
    const beside = onlyDrift(withTrust(trust(service, gone("AROAEXAMPLEEXAMPLE1"))));
    assert.equal(beside.side, "excess");
    assert.match(beside.detail ?? "", /a deleted principal, AROAEXAMPLEEXAMPLE1: re-creating/);
    const sides = withTrust(trust(gone("AROAEXAMPLEEXAMPLE1")));
    assert.deepEqual(
      sides.map((drift) => drift.kind === "drift" && [drift.side, drift.detail]),
      [
        ["excess", beside.detail],
        ["missing", beside.detail],
      ],
    );
    const many = Array.from({ length: 9 }, (_, index) => `AIDAEXAMPLEEXAMPLE${index}`);
    assert.match(onlyDrift(withTrust(trust(service, gone(many)))).detail ?? "", /LE2 and 6 more: /);
  });
});

describe("a service-linked role", () => {
  it("is another role at another path (T8)", () => {
    const drift = onlyDrift(assess(asReferenced("AWSServiceRoleForBatch", { path: "/" })));
    assert.deepEqual([String(drift.part), drift.side], ["role", "altered"]);
  });
});

describe("a permissions boundary", () => {
  it("is missing permissions where it blocks what the role needs, and altered where it blocks nothing of it", () => {
    const assessed = (text: string) => {
      const boundary = seen({ arn: `arn:aws:iam::${account}:policy/B`, version: seen({ id: "v1", text }) });
      const { part, side, grants } = onlyDrift(assess(asReferenced("AWSBatchServiceRole", { boundary })));
      return [String(part), side, grants.flatMap(({ actions }) => actions)];
    };
    assert.deepEqual(assessed(allow("*")), ["boundary", "altered", []]);
    const withoutEcs = JSON.stringify({
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", NotAction: "ecs:ListClusters", Resource: "*" }],
    });
    assert.deepEqual(assessed(withoutEcs), ["boundary", "missing", ["ecs:ListClusters"]]);
  });

  it("is undecided if it cannot be read", () => {
    const [first] = assess(
      asReferenced("AWSBatchServiceRole", { boundary: unseen("the source does not show it") }),
    );
    assert.equal(first?.kind, "undecided");
  });
});
