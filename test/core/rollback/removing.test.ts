import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { LivePolicy } from "@drift-guard/core/model/managed-policy";
import { type Role, seen, unseen } from "@drift-guard/core/model/role";
import { defineReference, type Reference } from "@drift-guard/core/reference/reference";
import type { PlanningResult } from "@drift-guard/core/rollback/planner";
import { account, aDefinitionUse, allow, aRole, trustOf } from "../../builders.ts";
import { asReferenced, guardedAs } from "../watched-roles.ts";
import { automatic, calls, plan, reasons } from "./planning.ts";

const name = "ecsTaskExecutionRole";
const policy = (...Statement: readonly object[]) => JSON.stringify({ Version: "2012-10-17", Statement });
const parameter = `arn:aws:ssm:us-east-1:${account}:parameter/db`;
const get = { Effect: "Allow", Action: "ssm:GetParameters", Resource: parameter };
const everything = { Effect: "Allow", Action: "*", Resource: "*" };
const stop = { Effect: "Deny", Action: "s3:DeleteBucket", Resource: "*" };
const uses = [
  aDefinitionUse({ needs: [{ action: get.Action, resource: parameter, what: "parameter", at: "here" }] }),
];
const excessOnly = { excess: "automatic" } as const;

function withInline(...texts: readonly string[]): Role {
  return asReferenced(name, { inline: texts.map((text, index) => ({ name: `p${index}`, text })) });
}

/** The documents that a plan writes, as JSON. */
function documentsOf({ plan: { steps } }: PlanningResult): readonly unknown[] {
  return steps.flatMap((step) => ("document" in step ? [JSON.parse(step.document)] : []));
}

describe("removing excess from an inline policy", () => {
  it("keeps the statements without excess and every Deny", () => {
    const planned = plan(withInline(policy(get, everything, stop)), excessOnly, { uses });
    assert.deepEqual(documentsOf(planned), [JSON.parse(policy(get, stop))]);
    assert.match(planned.plan.steps[0]?.note ?? "", /keeps the Denies/);
  });

  it("keeps a Deny that blocks nothing, and leaves no Allow beside it", () => {
    const noop = { Effect: "Deny", Action: "s3:Nothing", Resource: "arn:aws:s3:::none" };
    assert.deepEqual(documentsOf(plan(withInline(policy(everything, noop)), excessOnly)), [
      JSON.parse(policy(noop)),
    ]);
  });

  it("takes one action or one resource out of a statement, and leaves its conditions", () => {
    const Condition = { Bool: { "aws:SecureTransport": "true" } };
    const action = { ...get, Action: [get.Action, "ssm:DeleteParameter"], Condition };
    assert.deepEqual(documentsOf(plan(withInline(policy(action)), excessOnly, { uses })), [
      JSON.parse(policy({ ...action, Action: [get.Action], Resource: [parameter] })),
    ]);
    const resource = { ...get, Resource: [parameter, "arn:aws:s3:::other/*"], Condition };
    assert.deepEqual(documentsOf(plan(withInline(policy(resource)), excessOnly, { uses })), [
      JSON.parse(policy({ ...resource, Action: [get.Action], Resource: [parameter] })),
    ]);
  });

  it("keeps what job definitions need of a wildcard, once (R45, R46)", () => {
    const wide = policy({ Effect: "Allow", Action: "ssm:*", Resource: "*" });
    const planned = plan(withInline(wide, policy(everything)), excessOnly, { uses });
    assert.deepEqual(calls(planned), ["iam:PutRolePolicy", "iam:DeleteRolePolicy"]);
    assert.deepEqual(documentsOf(planned), [
      JSON.parse(policy({ Effect: "Allow", Action: [get.Action], Resource: [parameter] })),
    ]);
    assert.deepEqual(calls(plan(withInline(policy(everything)), excessOnly)), ["iam:DeleteRolePolicy"]);
  });

  it("leaves what cannot be decided, and says so", () => {
    const planned = plan(withInline('{"Statement": 7}'), automatic);
    assert.deepEqual(calls(planned), []);
  });

  it("plans the removal of 150 policies in one pass", () => {
    // IAM allows 10,240 characters of inline policies on a role.
    const short = JSON.stringify({ Statement: everything });
    const role = withInline(
      ...Array.from({ length: 150 }, (_, index) =>
        index % 30 === 0 ? policy(everything, { ...stop, Action: `s3:Delete${index}` }) : short,
      ),
    );
    const planned = plan(role, excessOnly, { uses });
    assert.equal(planned.plan.steps.length, 150);
    assert.equal(calls(planned).filter((call) => call === "iam:DeleteRolePolicy").length, 145);
    assert.equal(planned.plan.findings.length, 150);
  });
});

describe("removing a managed policy", () => {
  const arn = `arn:aws:iam::${account}:policy/rogue`;
  const holding = (text: string, over: Partial<Role> = {}) => {
    const role = asReferenced(name, over);
    return { ...role, attached: [...role.attached, { arn, version: seen({ id: "v1", text }) }] };
  };

  it("writes its Denies into an inline policy before it is detached", () => {
    const planned = plan(holding(policy(everything, stop)), excessOnly);
    assert.deepEqual(calls(planned), ["iam:PutRolePolicy", "iam:DetachRolePolicy"]);
    assert.deepEqual(documentsOf(planned), [JSON.parse(policy(stop))]);
    assert.deepEqual(
      planned.plan.steps.map(({ restores, part }) => `${part} ${restores}`),
      ["inline:RestOf-rogue false", `managed:${arn} false`],
    );
  });

  it("adds them to an inline policy of that name, and does not write those that another policy has", () => {
    const other = { Effect: "Deny", Action: "ec2:*", Resource: "*" };
    const named = (text: string) => ({ inline: [{ name: "restof-Rogue", text }] });
    const added = plan(holding(policy(everything, stop), named(policy(other))), excessOnly);
    assert.deepEqual(documentsOf(added), [JSON.parse(policy(other, stop))]);
    const held = plan(holding(policy(everything, stop), named(policy(stop))), excessOnly);
    assert.deepEqual(calls(held), ["iam:DetachRolePolicy"]);
    // In other words, and by a Deny of more.
    const wider = policy({ Effect: "Deny", NotAction: "ec2:*", Resource: ["*"] });
    const covered = plan(holding(policy(everything, stop), named(wider)), excessOnly);
    assert.deepEqual(calls(covered), ["iam:DetachRolePolicy"]);
    const narrower = policy({ ...stop, Condition: { Bool: { "aws:SecureTransport": "false" } } });
    const uncovered = plan(holding(policy(everything, stop), named(narrower)), excessOnly);
    assert.deepEqual(calls(uncovered), ["iam:PutRolePolicy", "iam:DetachRolePolicy"]);
  });

  it("writes what job definitions need of it into the inline policy too", () => {
    const planned = plan(holding(policy(everything)), excessOnly, { uses });
    assert.deepEqual(calls(planned), ["iam:PutRolePolicy", "iam:DetachRolePolicy"]);
    assert.deepEqual(documentsOf(planned), [
      JSON.parse(policy({ Effect: "Allow", Action: [get.Action], Resource: [parameter] })),
    ]);
    assert.deepEqual(
      planned.plan.steps.map(({ restores }) => restores),
      [false, false],
    );
    assert.deepEqual(calls(plan(holding(policy(everything)), excessOnly)), ["iam:DetachRolePolicy"]);
  });

  it("leaves it attached if it could not be read", () => {
    const retired = asReferenced("AmazonEC2SpotFleetTaggingRole");
    const legacy = "arn:aws:iam::aws:policy/service-role/AmazonEC2SpotFleetRole";
    const unread = {
      ...retired,
      attached: [...retired.attached, { arn: legacy, version: unseen("IAM denied it.") }],
    };
    assert.match(reasons(plan(unread, excessOnly)), /could not be read and may hold a Deny/);
  });
});

describe("removing excess from a trust policy", () => {
  const expected = trustOf("ecs-tasks.amazonaws.com");
  const foreign = { Effect: "Allow", Principal: { AWS: "999988887777" }, Action: "sts:AssumeRole" };
  const Condition = { StringEquals: { "aws:SourceAccount": account } };
  const [usual] = JSON.parse(expected).Statement;

  it("does not wait for the missing side, which is restored by itself", () => {
    const trust = policy(
      { ...usual, Principal: { Service: "lambda.amazonaws.com" } },
      { ...usual, Action: "sts:TagSession" },
      foreign,
    );
    const role = asReferenced(name, { trust });
    const both = plan(role, automatic);
    assert.deepEqual(documentsOf(both).length, 1);
    const [first] = both.plan.steps;
    assert.equal(first?.findings.length, 2);
  });

  it("keeps a hardening and every Deny, also where the other side is repaired too", () => {
    const keepOut = {
      Effect: "Deny",
      Principal: "*",
      Action: "sts:AssumeRole",
      Condition: {
        StringNotEquals: { "aws:SourceAccount": account },
        Null: { "aws:SourceAccount": "false" },
      },
    };
    const reference: Reference = defineReference({
      role: "Worker",
      source: { title: "a test", date: "2026-11-22" },
      trust: policy({ ...usual, Principal: { Service: ["ecs-tasks.amazonaws.com", "batch.amazonaws.com"] } }),
      attachments: [],
      boundary: "any",
    });
    const role = aRole({
      name: "Worker",
      attached: [],
      trust: policy({ ...usual, Condition }, foreign, keepOut),
    });
    const planned = plan(role, automatic, { reference });
    assert.deepEqual(documentsOf(planned), [
      JSON.parse(
        policy({ ...usual, Condition }, keepOut, {
          ...usual,
          Principal: { Service: ["batch.amazonaws.com"] },
          Action: ["sts:AssumeRole"],
        }),
      ),
    ]);
    const removing = plan(role, excessOnly, { reference });
    assert.deepEqual(documentsOf(removing), [JSON.parse(policy({ ...usual, Condition }, keepOut))]);
    assert.equal(removing.plan.steps[0]?.restores, false);
  });

  it("leaves a Deny that may contain an incident, and removes the excess beside it", () => {
    const deny = { Effect: "Deny", Principal: "*", Action: "sts:AssumeRole" };
    const role = asReferenced(name, { trust: policy(usual, foreign, deny) });
    const planned = plan(role, automatic);
    assert.match(reasons(planned), /Deny was added to the role \(trust\)|may contain an incident/);
    for (const document of documentsOf(planned)) assert.match(JSON.stringify(document), /"Deny"/);
  });
});

describe("removing excess from a trust policy that is full of Denies", () => {
  const limit = 2_048;
  const [usual] = JSON.parse(trustOf("ecs-tasks.amazonaws.com")).Statement;
  const open = { Effect: "Allow", Principal: "*", Action: "sts:AssumeRole" };
  const junk = (index: number, length: number, Condition: object = {}) => ({
    Effect: "Deny",
    Principal: { AWS: `arn:aws:iam::${account}:role/${index}`.padEnd(length, "x") },
    Action: "sts:AssumeRole",
    ...Condition,
  });
  const trustWith = (...some: readonly object[]) =>
    policy(...some, ...Array.from({ length: 12 }, (_, index) => junk(index, 40)));
  /** Fills a trust policy up to the limit with one more Deny. */
  const filled = (...some: readonly object[]) => {
    const rest = limit - trustWith(...some, junk(99, 40)).length;
    return trustWith(...some, junk(99, 40 + rest));
  };

  it("leaves Denies out that take nothing from what is left, only as many as must", () => {
    const keepOut = {
      ...junk(0, 0),
      Principal: usual.Principal,
      Condition: { Bool: { "aws:SecureTransport": "false" } },
    };
    const trust = filled(open, keepOut);
    assert.equal(trust.length, limit);
    const planned = plan(asReferenced(name, { trust }), excessOnly);
    const [step] = planned.plan.steps;
    assert.ok(step?.call === "iam:UpdateAssumeRolePolicy");
    assert.ok(step.document.length <= limit);
    assert.equal(step.restores, false);
    assert.doesNotMatch(step.document, /"Allow","Principal":"\*"/);
    assert.match(step.document, /SecureTransport/);
    assert.equal([...step.document.matchAll(/"Deny"/g)].length, 13);
    assert.match(step.note ?? "", /longer than IAM takes/);
  });

  it("goes before what is missing, where both do not fit", () => {
    const reference: Reference = defineReference({
      role: "Worker",
      source: { title: "a test", date: "2026-11-22" },
      trust: policy({ ...usual, Principal: { Service: ["ecs-tasks.amazonaws.com", "batch.amazonaws.com"] } }),
      attachments: [],
      boundary: "any",
    });
    // It hardens the trust, and so is no containment.
    const keepOut = (index: number, length: number) => ({
      Effect: "Deny",
      Principal: "*",
      Action: "sts:AssumeRole",
      Condition: {
        StringNotEquals: { "aws:SourceAccount": account },
        Null: { "aws:SourceAccount": "false" },
        StringLike: { "aws:SourceArn": `arn:aws:ecs:us-east-1:*:${index}`.padEnd(length, "x") },
      },
    });
    const lambda = { ...open, Principal: { Service: "lambda.amazonaws.com" } };
    const withLast = (length: number) =>
      policy(
        usual,
        lambda,
        ...Array.from({ length: 5 }, (_, index) => keepOut(index, 60)),
        keepOut(5, length),
      );
    const trust = withLast(limit - withLast(60).length + 60);
    assert.equal(trust.length, limit);
    const role = aRole({ name: "Worker", attached: [], trust });
    const planned = plan(role, automatic, { reference });
    const [step] = planned.plan.steps;
    assert.ok(step?.call === "iam:UpdateAssumeRolePolicy" && step.document.length <= limit);
    assert.doesNotMatch(step.document, /lambda|batch/);
    assert.deepEqual(calls(planned), ["iam:UpdateAssumeRolePolicy"]);
  });
});

describe("setting a customer-managed policy back", () => {
  const arn = `arn:aws:iam::${account}:policy/team`;
  const source = { title: "a test", date: "2026-11-22" };
  const reference: Reference = defineReference({
    role: "Worker",
    source,
    trust: trustOf("ecs-tasks.amazonaws.com"),
    attachments: [{ arn, version: "v1", document: allow("s3:GetObject"), source }],
    boundary: "any",
  });
  const role = aRole({
    name: "Worker",
    trust: reference.trust,
    attached: [{ arn, version: seen({ id: "v5", text: allow("*") }) }],
  });
  const withVersions = (...texts: readonly string[]): ReadonlyMap<string, LivePolicy> => {
    const versions = texts.map((text, index) => ({
      id: `v${index + 1}`,
      isDefault: index === texts.length - 1,
      text,
    }));
    return new Map([[arn, { arn, versions, holders: ["role Worker", "role Other"] }]]);
  };
  const shared = { ...automatic, sharedPolicies: true } as const;
  const good = allow("s3:GetObject");

  it("needs the explicit switch, as it changes every role that has the policy", () => {
    const planned = plan(role, automatic, { reference, policies: withVersions(good, allow("*")) });
    assert.deepEqual(calls(planned), []);
    assert.match(reasons(planned), /only with rollback\.sharedPolicies/);
  });

  it("makes the version that equals the reference the default, and names who shares it", () => {
    const planned = plan(role, shared, { reference, policies: withVersions(good, allow("*")) });
    const [step, ...others] = planned.plan.steps;
    assert.deepEqual(others, []);
    assert.ok(step?.call === "iam:SetDefaultPolicyVersion");
    assert.deepEqual([step.versionId, step.restores], ["v1", false]);
    assert.match(step.note ?? "", /role Worker, role Other/);
  });

  it("creates a version where none equals the reference, and deletes the oldest of five first", () => {
    const few = plan(role, shared, { reference, policies: withVersions(allow("ec2:*"), allow("*")) });
    assert.deepEqual(calls(few), ["iam:CreatePolicyVersion"]);
    const texts = ["a", "b", "c", "d", "*"].map((action) => allow(action === "*" ? "*" : `ec2:${action}`));
    const full = plan(role, shared, { reference, policies: withVersions(...texts) });
    assert.deepEqual(calls(full), ["iam:DeletePolicyVersion", "iam:CreatePolicyVersion"]);
    const [first] = full.plan.steps;
    assert.equal(first?.call === "iam:DeletePolicyVersion" && first.versionId, "v1");
    assert.match(first?.note ?? "", /oldest version v1 is deleted/);
  });

  it("waits for a person where the policy's versions or its holders could not be read", () => {
    assert.match(reasons(plan(role, shared, { reference })), /could not be read/);
  });

  it("restores only under the preconditions of restoring", () => {
    const weaker = {
      ...role,
      attached: [{ arn, version: seen({ id: "v2", text: allow("s3:ListBucket") }) }],
    };
    const policies = withVersions(good, allow("s3:ListBucket"));
    const planned = plan(weaker, shared, { reference, policies, control: { enrolment: undefined } });
    assert.deepEqual(calls(planned), []);
    assert.match(reasons(planned), /No read has found Worker/);
    assert.equal(plan(weaker, shared, { reference, policies }).plan.steps[0]?.restores, true);
  });
});

describe("repairing a boundary", () => {
  const bound = `arn:aws:iam::${account}:policy/bound`;
  const other = `arn:aws:iam::${account}:policy/other`;
  const source = { title: "a test", date: "2026-11-22" };
  const document = allow("s3:*");
  const referenceWith = (boundary: "none" | { readonly arn: string; readonly document: string }): Reference =>
    defineReference({
      role: "Worker",
      source,
      trust: trustOf("ecs-tasks.amazonaws.com"),
      attachments: [],
      boundary,
    });
  const roleWith = (boundary: Role["boundary"]) =>
    aRole({ name: "Worker", trust: trustOf("ecs-tasks.amazonaws.com"), attached: [], boundary });
  const all = { ...automatic, altered: "automatic" } as const;
  const policies = new Map([
    [bound, { arn: bound, versions: [{ id: "v1", isDefault: true, text: document }], holders: [] }],
  ]);
  const at = (arn: string, text: string) => seen({ arn, version: seen({ id: "v1", text }) });

  it("puts the required boundary back where there is none, which restores nothing", () => {
    const reference = referenceWith({ arn: bound, document });
    const planned = plan(roleWith(seen(null)), all, { reference, policies });
    assert.deepEqual(calls(planned), ["iam:PutRolePermissionsBoundary"]);
    assert.equal(planned.plan.steps[0]?.restores, false);
    assert.deepEqual(calls(plan(roleWith(seen(null)), automatic, { reference, policies })), []);
  });

  it("replaces a narrower boundary only as something that restores", () => {
    const reference = referenceWith({ arn: bound, document });
    const role = roleWith(at(other, allow("s3:GetObject")));
    assert.equal(plan(role, all, { reference, policies }).plan.steps[0]?.restores, true);
    const unknown = plan(role, all, { reference, policies, control: { enrolment: undefined } });
    assert.match(reasons(unknown), /No read has found Worker/);
  });

  it("removes a boundary that the reference does not have only if it takes nothing away", () => {
    const reference = referenceWith("none");
    assert.deepEqual(calls(plan(roleWith(at(other, allow("*"))), all, { reference })), [
      "iam:DeleteRolePermissionsBoundary",
    ]);
  });
});

describe("lifting a boundary that holds back excess", () => {
  const source = { title: "a test", date: "2026-11-22" };
  const bound = `arn:aws:iam::${account}:policy/bound`;
  const trust = trustOf("ecs-tasks.amazonaws.com");
  const all = { ...automatic, altered: "automatic" } as const;
  const keepOut = policy(everything, { Effect: "Deny", Action: "iam:*", Resource: "*" });
  const bounded = (action: string) =>
    aRole({
      name: "Worker",
      trust,
      attached: [],
      inline: [{ name: "rogue", text: allow(action) }],
      boundary: seen({ arn: bound, version: seen({ id: "v2", text: keepOut }) }),
    });
  const documents = { none: "none", another: { arn: bound, document: allow("*") } } as const;
  const policies = new Map([
    [
      bound,
      {
        arn: bound,
        versions: [
          { id: "v1", isDefault: false, text: allow("*") },
          { id: "v2", isDefault: true, text: keepOut },
        ],
        holders: ["role Worker"],
      },
    ],
  ]);
  it("waits until a required policy of the account, which somebody edited, is set back", () => {
    const team = `arn:aws:iam::${account}:policy/team`;
    const required = { arn: team, version: "v1", document: allow("s3:GetObject"), source };
    const boundary = { arn: bound, document: allow("s3:*") };
    const reference = defineReference({ role: "Worker", source, trust, attachments: [required], boundary });
    const role = aRole({
      name: "Worker",
      trust,
      attached: [{ arn: team, version: seen({ id: "v2", text: allow("*") }) }],
      inline: [],
      boundary: seen({ arn: bound, version: seen({ id: "v2", text: allow("s3:GetObject") }) }),
    });
    const versionsOf = (arn: string, first: string, second: string) =>
      [
        arn,
        {
          arn,
          versions: [
            { id: "v1", isDefault: false, text: allow(first) },
            { id: "v2", isDefault: true, text: allow(second) },
          ],
          holders: ["role Worker"],
        },
      ] as const;
    const both = new Map([versionsOf(team, "s3:GetObject", "*"), versionsOf(bound, "s3:*", "s3:GetObject")]);
    const choice = { ...all, excess: "off", sharedPolicies: true } as const;
    const held = plan(role, choice, { reference, policies: both });
    assert.deepEqual(calls(held), []);
    assert.match(reasons(held), /holds back what managed:.*team allows beyond the reference/);
  });

  for (const [required, boundary] of Object.entries(documents)) {
    it(`waits until the excess is gone where the reference has ${required}`, () => {
      const reference = defineReference({ role: "Worker", source, trust, attachments: [], boundary });
      const choice = { ...all, excess: "off", sharedPolicies: true } as const;
      const held = plan(bounded("iam:*"), choice, { reference, policies });
      assert.deepEqual(calls(held), []);
      assert.match(reasons(held), /holds back what inline:rogue allows beyond the reference/);
      const free = plan(bounded("s3:GetObject"), choice, { reference, policies });
      assert.equal(calls(free).length, 1);
    });
  }
});

describe("repairing description, session limit and tags", () => {
  const reference: Reference = defineReference({
    role: "Worker",
    source: { title: "a test", date: "2026-11-22" },
    trust: trustOf("ecs-tasks.amazonaws.com"),
    attachments: [],
    boundary: "any",
    description: "Runs jobs",
    maxSession: 3600,
    tags: { team: "batch" },
  });
  const worker = (over: Partial<Role>) =>
    aRole({
      name: "Worker",
      attached: [],
      trust: reference.trust,
      description: seen("Runs jobs"),
      tags: seen({ team: "batch" }),
      ...over,
    });
  const altered = { altered: "automatic" } as const;

  it("changes the setting with the drift alone", () => {
    const both = worker({ description: seen("Mine"), maxSession: seen(43_200) });
    assert.deepEqual(
      plan(both, altered, { reference }).plan.steps.map((step) =>
        step.call === "iam:UpdateRole" ? [step.description, step.maxSession, step.restores] : [],
      ),
      [
        ["Runs jobs", 43_200, false],
        ["Runs jobs", 3600, false],
      ],
    );
    assert.deepEqual(calls(plan(both, automatic, { reference })), []);
  });

  it("sets a tag only where restoring is allowed, as conditions may be on it", () => {
    const role = worker({ tags: seen({ team: "web" }) });
    const [step] = plan(role, altered, { reference }).plan.steps;
    assert.ok(step?.call === "iam:TagRole");
    assert.deepEqual([step.key, step.value, step.restores], ["team", "batch", true]);
    const unknown = plan(role, altered, { reference, control: { enrolment: undefined } });
    assert.match(reasons(unknown), /No read has found Worker/);
  });
});

describe("a role that AWS manages", () => {
  it("has no plan for what only its service may write", () => {
    const linked = "AWSServiceRoleForBatch";
    const role = asReferenced(linked, { inline: [] });
    const guarded = guardedAs({ rollback: automatic, paths: ["/aws-service-role/batch.amazonaws.com/"] });
    assert.deepEqual(calls(plan(role, automatic, { guarded })), []);
    const altered = asReferenced(linked, { attached: [] });
    assert.deepEqual(calls(plan(altered, automatic, { guarded })), []);
  });
});
