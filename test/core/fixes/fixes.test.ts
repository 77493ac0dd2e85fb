import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { addFixes, type FixQuestion, planFixes } from "@drift-guard/core/fixes/fixes";
import type { Assessment, Drift } from "@drift-guard/core/model/evidence";
import type { Fix } from "@drift-guard/core/model/fix";
import { managedPart, partOf } from "@drift-guard/core/model/part";
import { defineReference, type Reference } from "@drift-guard/core/reference/reference";
import type { IamCall } from "@drift-guard/embedded/iam/call";
import fc from "fast-check";
import { account, aDefinitionUse, allow, batchServicePolicy, trustOf } from "../../builders.ts";
import { referenceOf } from "../watched-roles.ts";
import { aFixWorld, type FixWorld } from "./carry-out.ts";

const execution = "ecsTaskExecutionRole";
const secretOf = (name: string) => `arn:aws:secretsmanager:us-east-1:${account}:secret:${name}-AbCdEf`;
const get = "secretsmanager:GetSecretValue";
const needing = (...names: readonly string[]) => [
  aDefinitionUse({
    needs: names.map((name) => ({ action: get, resource: secretOf(name), what: "secret", at: "here" })),
  }),
];
const policy = (...statements: readonly object[]) =>
  JSON.stringify({ Version: "2012-10-17", Statement: statements });
const allowing = (Action: string, Resource = "*") => ({ Effect: "Allow", Action, Resource });
const denying = (Action: string, Resource = "*") => ({ Effect: "Deny", Action, Resource });
const putInline = (roleName: string, policyName: string, policyDocument: string): IamCall => ({
  call: "PutRolePolicy",
  roleName,
  policyName,
  policyDocument,
});

const keys = (assessments: readonly Assessment[]) =>
  assessments
    .filter(({ kind }) => kind !== "vendor-change")
    .map((one) => `${one.part} ${one.kind === "drift" ? one.side : one.kind}`);
const fixesOf = (question: FixQuestion): ReadonlyMap<string, Fix | undefined> =>
  new Map(
    addFixes(question).flatMap((one) => (one.kind === "drift" ? [[`${one.part} ${one.side}`, one.fix]] : [])),
  );
const callsOf = (fix: Fix | undefined) => (fix?.kind === "steps" ? fix.steps.map(({ call }) => call) : []);

async function fixAll(world: FixWorld): Promise<readonly string[]> {
  const plan = planFixes(await world.read());
  world.carryOut(plan.groups.flatMap(({ steps }) => steps));
  assert.deepEqual(
    keys((await world.read()).assessments),
    plan.left.map(({ drift }) => `${drift.part} ${drift.side}`),
  );
  return plan.groups.flatMap(({ steps }) => steps.map(({ call }) => call));
}

describe("the fix of a setting or a required boundary", () => {
  const limits = `arn:aws:iam::${account}:policy/limits`;
  const roleName = "Worker";
  const worker = defineReference({
    role: roleName,
    source: { title: "Team wiki", date: "2026-11-22" },
    trust: trustOf("ecs-tasks.amazonaws.com"),
    attachments: [],
    boundary: { arn: limits, document: allow("s3:*") },
    description: "Runs orders",
    maxSession: 7_200,
    tags: { Team: "orders" },
    strictness: {
      trust: "exact",
      attachments: "required",
      floor: "required",
      ceiling: "closed",
      tags: "closed",
    },
  });
  const aWorker = async () => {
    const world = await aFixWorld(worker);
    world.call({ call: "CreatePolicy", policyName: "limits", policyDocument: allow("s3:*") });
    return world;
  };

  it("sets description, maximum session duration, tags and boundary, each after a trial", async () => {
    const world = await aWorker();
    world.call({ call: "TagRole", roleName, tags: [{ key: "more", value: "x" }] });
    const fixes = fixesOf(await world.read());
    assert.deepEqual(
      [...fixes].map(([part, fix]) => [part, ...callsOf(fix)]),
      [
        ["boundary altered", "iam:PutRolePermissionsBoundary"],
        ["description altered", "iam:UpdateRole"],
        ["session altered", "iam:UpdateRole"],
        ["tag:Team altered", "iam:TagRole"],
        ["tag:more altered", "iam:UntagRole"],
      ],
    );
    assert.deepEqual(await fixAll(world), [
      "iam:PutRolePermissionsBoundary",
      "iam:UpdateRole",
      "iam:UpdateRole",
      "iam:TagRole",
      "iam:UntagRole",
    ]);
    assert.deepEqual(keys((await world.read()).assessments), []);
  });

  it("replaces a tag that has the key in another case, and another boundary with a warning", async () => {
    const world = await aWorker();
    await fixAll(world);
    const other = `arn:aws:iam::${account}:policy/other`;
    world.call({ call: "CreatePolicy", policyName: "other", policyDocument: allow("s3:Get*") });
    world.call({ call: "PutRolePermissionsBoundary", roleName, permissionsBoundary: other });
    world.call({ call: "TagRole", roleName, tags: [{ key: "TEAM", value: "x" }] });
    const fix = fixesOf(await world.read()).get("boundary altered");
    assert.match((fix?.kind === "steps" && fix.warning) || "", /replaces the boundary .*other/);
    await fixAll(world);
    assert.deepEqual(keys((await world.read()).assessments), []);
  });

  it("is up to a person where all roles with the boundary share an edited document, or where no command has the text", async () => {
    const world = await aWorker();
    await fixAll(world);
    const policyDocument = allow("s3:Get*");
    world.call({ call: "CreatePolicyVersion", policyArn: limits, policyDocument, setAsDefault: true });
    const edited = fixesOf(await world.read()).get("boundary missing");
    assert.match((edited?.kind === "manual" && edited.why) || "", /share it/);
    const lines = await aFixWorld(defineReference({ ...worker, boundary: "none", description: "a\nb" }));
    assert.equal(fixesOf(await lines.read()).get("description altered")?.kind, "manual");
  });

  it("belongs to the creation of an absent role", async () => {
    const world = await aWorker();
    world.call({ call: "DeleteRole", roleName });
    const [first] = await fixAll(world);
    assert.equal(first, "iam:CreateRole");
    assert.deepEqual(keys((await world.read()).assessments), []);
  });
});

describe("the fix of a drift", () => {
  it("deletes what is all excess, and writes down first what jobs need of it", async () => {
    const world = await aFixWorld(referenceOf(execution), needing("db"));
    world.call(putInline(execution, "rogue", allow("iam:*")));
    world.call(putInline(execution, "wide", allow(get)));
    const question = await world.read();
    const fixes = fixesOf(question);
    assert.deepEqual(callsOf(fixes.get("inline:rogue excess")), ["iam:DeleteRolePolicy"]);
    const wide = fixes.get("inline:wide excess");
    assert.ok(wide?.kind === "steps");
    assert.deepEqual(callsOf(wide), ["iam:PutRolePolicy", "iam:DeleteRolePolicy"]);
    assert.ok(wide.steps[0]?.call === "iam:PutRolePolicy");
    assert.equal(wide.steps[0].policyName, "JobDefinitionNeeds");
    await fixAll(world);
  });

  it("narrows the policy of needs to what jobs need", async () => {
    const world = await aFixWorld(referenceOf(execution), needing("db"));
    world.call(putInline(execution, "JobDefinitionNeeds", policy({ ...allowing(get), Resource: "*" })));
    assert.deepEqual(callsOf(fixesOf(await world.read()).get("inline:JobDefinitionNeeds excess")), [
      "iam:PutRolePolicy",
    ]);
    await fixAll(world);
  });

  it("removes only the statements with excess, so that allowed ones and Denies stay", async () => {
    const world = await aFixWorld(referenceOf(execution), needing("db"));
    const kept = [allowing(get, secretOf("db")), denying("s3:DeleteObject")];
    world.call(putInline(execution, "mixed", policy(allowing("iam:*"), ...kept)));
    const fixes = fixesOf(await world.read());
    const fix = fixes.get("inline:mixed excess");
    assert.ok(fix?.kind === "steps" && fix.steps[0]?.call === "iam:PutRolePolicy");
    assert.deepEqual(JSON.parse(fix.steps[0].document).Statement, kept);
  });

  it("of a Deny beside excess waits until the excess is fixed, then warns of an incident", async () => {
    const world = await aFixWorld(referenceOf("AWSBatchServiceRole"));
    world.call(
      putInline("AWSBatchServiceRole", "both", policy(allowing("iam:*"), denying("ec2:RunInstances"))),
    );
    const fixes = fixesOf(await world.read());
    const deny = fixes.get("inline:both missing");
    assert.ok(deny?.kind === "manual");
    assert.match(deny.why, /may contain an incident\. Fix the excess first/);
    const excess = fixes.get("inline:both excess");
    assert.ok(excess?.kind === "steps");
    world.carryOut(excess.steps);
    const rest = fixesOf(await world.read()).get("inline:both missing");
    assert.ok(rest?.kind === "steps");
    assert.match(rest.warning ?? "", /removes a Deny, which may contain an incident/);
    await fixAll(world);
  });

  it("of a Deny deletes the whole policy if its Allows would be too much without the Deny", async () => {
    const world = await aFixWorld(referenceOf(execution), needing("db"));
    world.call(putInline(execution, "a", policy(denying("*"), allowing("iam:*"))));
    assert.deepEqual(await fixAll(world), ["iam:DeleteRolePolicy", "iam:PutRolePolicy"]);
    assert.deepEqual(keys((await world.read()).assessments), []);
  });

  it("removes a Deny of a trust and keeps the conditions that harden it (2.10)", async () => {
    const name = "AWSBatchServiceRole";
    const own = { StringEquals: { "aws:SourceAccount": account } };
    const service = {
      Effect: "Allow",
      Principal: { Service: "batch.amazonaws.com" },
      Action: "sts:AssumeRole",
    };
    const hardened = { ...service, Condition: own };
    const onOthers = { StringNotEquals: { "aws:SourceAccount": account } };
    const denyAll = { Effect: "Deny", Principal: "*", Action: "sts:AssumeRole" };
    // A service has no aws:PrincipalOrgID, so that this Deny shuts AWS Batch out.
    const organization = {
      ...denyAll,
      Condition: { StringNotEquals: { "aws:PrincipalOrgID": "o-a1b2c3d4e5" } },
    };
    const foreign = { Effect: "Allow", Principal: { AWS: "999988887777" }, Action: "sts:AssumeRole" };
    for (const [live, kept] of [
      [[hardened, organization], [hardened]],
      [[hardened, organization, foreign], [hardened]],
      [
        [service, organization, { ...denyAll, Condition: onOthers }],
        [service, { ...denyAll, Condition: onOthers }],
      ],
    ]) {
      const world = await aFixWorld(referenceOf(name));
      world.call({ call: "UpdateAssumeRolePolicy", roleName: name, policyDocument: policy(...(live ?? [])) });
      const fix = fixesOf(await world.read()).get("trust missing");
      assert.ok(fix?.kind === "steps" && fix.steps[0]?.call === "iam:UpdateAssumeRolePolicy");
      assert.deepEqual(JSON.parse(fix.steps[0].document).Statement, kept);
      assert.match(fix.warning ?? "", /removes a Deny/);
      await fixAll(world);
      assert.deepEqual(keys((await world.read()).assessments), []);
    }
  });

  it("warns before it removes what job definitions may need, if AWS Batch was not read", async () => {
    const world = await aFixWorld(referenceOf(execution));
    const group = `arn:aws:logs:us-east-1:${account}:log-group:/my/group:*`;
    world.call(putInline(execution, "logs", allow("logs:CreateLogGroup", group)));
    world.call(putInline(execution, "rogue", allow("iam:*")));
    const question = await world.read();
    const warnings = (some: FixQuestion) =>
      [...fixesOf(some).values()].map((fix) => fix?.kind === "steps" && fix.warning !== undefined);
    assert.deepEqual(warnings(question), [false, false]);
    assert.deepEqual(warnings({ ...question, usesUnknown: true }), [true, false]);
  });

  it("that needs a warning comes last in a plan, in a group of its own", async () => {
    const name = "AWSBatchServiceRole";
    const world = await aFixWorld(referenceOf(name));
    world.call(putInline(name, "a", policy(denying("ec2:*"))));
    world.call(putInline(name, "b", policy(allowing("iam:*"))));
    const { groups } = planFixes(await world.read());
    assert.deepEqual(
      groups.map(({ steps, warning }) => [steps.length, warning === undefined]),
      [
        [1, true],
        [1, false],
      ],
    );
    await fixAll(world);
  });

  it("creates an absent role where its users look for it, with all that it needs", async () => {
    const uses = [
      { ...needing("db")[0], arn: `arn:aws:iam::${account}:role/service-role/${execution}` },
    ] as ReturnType<typeof needing>;
    const world = await aFixWorld(referenceOf(execution), uses);
    world.call({
      call: "DetachRolePolicy",
      roleName: execution,
      policyArn: "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy",
    });
    world.call({ call: "DeleteRole", roleName: execution });
    assert.deepEqual(await fixAll(world), ["iam:CreateRole", "iam:AttachRolePolicy", "iam:PutRolePolicy"]);
    const { reading } = await world.read();
    assert.equal(reading.status === "present" && reading.role.path, "/service-role/");
  });

  it("creates an absent role under the boundary of its reference", async () => {
    const reference = referenceOf("AWSBatchServiceRole");
    const arn = `arn:aws:iam::${account}:policy/Bound`;
    const document = allow("ec2:*");
    const bound: Reference = { ...reference, boundary: { arn, document } };
    const world = await aFixWorld(bound);
    world.call({ call: "CreatePolicy", policyName: "Bound", policyDocument: document });
    world.call({ call: "DetachRolePolicy", roleName: bound.role, policyArn: batchServicePolicy });
    world.call({ call: "DeleteRole", roleName: bound.role });
    assert.deepEqual(await fixAll(world), ["iam:CreateRole", "iam:AttachRolePolicy"]);
    const { reading } = await world.read();
    assert.ok(reading.status === "present" && reading.role.boundary.observed);
    assert.equal(reading.role.boundary.value?.arn, arn);
  });

  it("creates an absent role with description, maximum session duration and tags of its reference", async () => {
    const settings = { description: "it's", maxSession: 7_200, tags: { team: "batch", Stage: "x" } };
    const reference: Reference = { ...referenceOf("AWSBatchServiceRole"), ...settings };
    const world = await aFixWorld(reference);
    world.call({ call: "DetachRolePolicy", roleName: reference.role, policyArn: batchServicePolicy });
    world.call({ call: "DeleteRole", roleName: reference.role });
    assert.deepEqual(await fixAll(world), ["iam:CreateRole", "iam:AttachRolePolicy"]);
    const { reading } = await world.read();
    assert.ok(reading.status === "present");
    const { description, maxSession, tags } = reading.role;
    assert.deepEqual(
      [description, maxSession, tags].map((part) => part.observed && part.value),
      Object.values(settings),
    );
  });

  it("creates no role of which no command on one line can hold the description", async () => {
    const reference: Reference = { ...referenceOf("AWSBatchServiceRole"), description: "two\nlines" };
    const world = await aFixWorld(reference);
    world.call({ call: "DetachRolePolicy", roleName: reference.role, policyArn: batchServicePolicy });
    world.call({ call: "DeleteRole", roleName: reference.role });
    const plan = planFixes(await world.read());
    assert.deepEqual(plan.groups, []);
    assert.match(plan.left.map(({ why }) => why).join(), /^Create AWSBatchServiceRole/);
  });

  it("is written for the role's partition", async () => {
    const name = "AWSBatchServiceRole";
    const world = await aFixWorld(referenceOf(name), [], "aws-cn");
    const policyArn = "arn:aws-cn:iam::aws:policy/service-role/AWSBatchServiceRole";
    world.call({ call: "DetachRolePolicy", roleName: name, policyArn });
    assert.deepEqual(await fixAll(world), ["iam:AttachRolePolicy"]);
    world.call({ call: "DetachRolePolicy", roleName: name, policyArn });
    world.call({ call: "DeleteRole", roleName: name });
    assert.deepEqual(await fixAll(world), ["iam:CreateRole", "iam:AttachRolePolicy"]);
    assert.deepEqual(keys((await world.read()).assessments), []);
  });

  it("changes no service-linked role, and creates an absent one by its service", async () => {
    const linked = referenceOf("AWSServiceRoleForBatch");
    const world = await aFixWorld(linked);
    world.call({ call: "DeleteServiceLinkedRole", roleName: linked.role });
    world.clock.advance(3600);
    assert.deepEqual(await fixAll(world), ["iam:CreateServiceLinkedRole"]);
    const question = await world.read();
    assert.ok(question.reading.status === "present");
    const [attachment] = linked.attachments;
    const drift: Drift = {
      kind: "drift",
      part: managedPart(attachment?.arn ?? ""),
      side: "missing",
      grants: [],
      denies: [],
    };
    const [fixed] = addFixes({ ...question, assessments: [drift] });
    assert.ok(fixed?.kind === "drift" && fixed.fix?.kind === "manual");
    assert.match(fixed.fix.why, /Only AWS may change a service-linked role/);
  });

  it("attaches no policy of a service-linked role to another role", async () => {
    const serviceRole = referenceOf("AWSBatchServiceRole");
    const linked = referenceOf("AWSServiceRoleForBatch");
    const impossible: Reference = {
      ...serviceRole,
      attachments: [...serviceRole.attachments, ...linked.attachments],
    };
    const world = await aFixWorld(serviceRole);
    const read = await world.read();
    const question = { ...read, watched: { ...read.watched, reference: impossible } };
    const [attachment] = linked.attachments;
    const drift: Drift = {
      kind: "drift",
      part: managedPart(attachment?.arn ?? ""),
      side: "missing",
      grants: [],
      denies: [],
    };
    const [fixed] = addFixes({ ...question, assessments: [drift] });
    assert.ok(fixed?.kind === "drift" && fixed.fix?.kind === "manual");
    assert.match(fixed.fix.why, /to a service-linked role only/);
  });

  it("is not offered where a Deny blocks what is needed, and says what a person must do", async () => {
    const world = await aFixWorld(referenceOf(execution), needing("db"));
    world.call(putInline(execution, "stop", policy(denying(get))));
    world.call(putInline(execution, "needs", policy(allowing(get, secretOf("db")))));
    const fixes = fixesOf(await world.read());
    const fix = fixes.get("permissions missing");
    assert.ok(fix?.kind === "manual");
    assert.match(fix.why, /a Deny/);
  });

  it("says what is unknown of the needs, before it writes the known ones or deletes what may be needed", async () => {
    const group = `arn:aws:logs:us-east-1:${account}:log-group:/my/group:*`;
    const many = needing(...Array.from({ length: 520 }, (_, index) => `team/db${index}`));
    const world = await aFixWorld(referenceOf(execution), many);
    world.call(putInline(execution, "logs", allow("logs:CreateLogGroup", group)));
    const fixes = fixesOf(await world.read());
    const missing = fixes.get("permissions missing");
    assert.ok(missing?.kind === "steps");
    assert.match(
      missing.warning ?? "",
      /may not be enough.*more than 500.*20 of their needs were not looked at/,
    );
    const excess = fixes.get("inline:logs excess");
    assert.ok(excess?.kind === "steps");
    assert.match(excess.warning ?? "", /20 of their needs were not looked at.*stop working/);
  });

  it("says that the policy of the needs is too large for IAM, and what a person can do", async () => {
    const world = await aFixWorld(referenceOf(execution), needing("db"));
    const Resource = [..."abcde"].map((name) => secretOf(name.repeat(1940)));
    world.call(putInline(execution, "kept", policy({ ...allowing(get), Resource })));
    const fix = fixesOf(await world.read()).get("permissions missing");
    assert.ok(fix?.kind === "manual");
    assert.match(fix.why, /IAM takes at most \d+ here.*another execution role/);
  });

  it("creates a role at the path that most uses name, and says which ones name another", async () => {
    const arnAt = (path: string) => `arn:aws:iam::${account}:role${path}${execution}`;
    const at = (name: string, path: string) => aDefinitionUse({ name, arn: arnAt(path) });
    const uses = [at("one", "/"), at("two", "/service-role/"), at("three", "/service-role/")];
    const reference = referenceOf(execution);
    const world = await aFixWorld(reference, uses);
    for (const { arn } of reference.attachments) {
      world.call({ call: "DetachRolePolicy", roleName: execution, policyArn: arn });
    }
    world.call({ call: "DeleteRole", roleName: execution });
    const question = await world.read();
    const fix = fixesOf(question).get("role missing");
    assert.ok(fix?.kind === "steps" && fix.steps[0]?.call === "iam:CreateRole");
    assert.equal(fix.steps[0].path, "/service-role/");
    assert.match(fix.leaves ?? "", /one:7 in us-east-1 names .*Register a revision/);
    assert.match(planFixes(question).left[0]?.why ?? "", /one:7 in us-east-1/);
  });

  it("asks for no second role of one name, and renames none (IAM has no call for it)", async () => {
    const moved = await aFixWorld({ ...referenceOf(execution), path: "/team/" });
    const question = await moved.read();
    const watched = { ...question.watched, reference: referenceOf(execution) };
    const drift: Drift = { kind: "drift", part: partOf("role"), side: "altered", grants: [], denies: [] };
    const whyOf = (of: FixQuestion) => {
      const [one] = addFixes({ ...of, assessments: [drift] });
      return one?.kind === "drift" && one.fix?.kind === "manual" ? one.fix.why : "";
    };
    assert.match(
      whyOf({ ...question, watched }),
      /takes no second role of its name.*delete it, and create it again/,
    );
    const linked = { ...question.watched, reference: referenceOf("AWSServiceRoleForBatch") };
    assert.match(
      whyOf({ ...question, watched: linked }),
      /can neither rename it.*another role and delete it/,
    );
  });

  it("attaches or writes what a floor requires", async () => {
    const { attachments, ...rest } = referenceOf(execution);
    const floor = { document: JSON.parse(allow("s3:GetObject", "arn:aws:s3:::b/*")), source: rest.source };
    const reference = defineReference({
      ...rest,
      trust: JSON.parse(rest.trust),
      attachments: attachments.map((one) => ({ ...one, document: JSON.parse(one.document) })),
      floor,
      strictness: { trust: "exact", attachments: "off", floor: "required", ceiling: "open" },
    });
    const world = await aFixWorld(reference);
    assert.deepEqual(await fixAll(world), ["iam:PutRolePolicy"]);
    for (const { arn } of attachments) {
      world.call({ call: "DetachRolePolicy", roleName: execution, policyArn: arn });
    }
    world.call({ call: "DeleteRolePolicy", roleName: execution, policyName: "RequiredPermissions" });
    assert.deepEqual(await fixAll(world), ["iam:AttachRolePolicy", "iam:PutRolePolicy"]);
  });

  it("attaches the replacement before it detaches a retired policy (2.2)", async () => {
    const reference = referenceOf("AmazonEC2SpotFleetTaggingRole");
    const world = await aFixWorld(reference);
    const [required] = reference.attachments;
    const [retired] = reference.retired;
    assert.ok(required && retired);
    world.iam.publishAwsPolicy({ arn: retired.arn, version: "v1", text: allow("ec2:RunInstances") });
    const on = { roleName: reference.role };
    world.call({ ...on, call: "DetachRolePolicy", policyArn: required.arn });
    world.call({ ...on, call: "AttachRolePolicy", policyArn: retired.arn });
    const fix = fixesOf(await world.read()).get(`managed:${retired.arn} excess`);
    assert.deepEqual(callsOf(fix), ["iam:AttachRolePolicy", "iam:DetachRolePolicy"]);
    await fixAll(world);
  });

  it("makes room by detaching another policy before it attaches a required one", async () => {
    const world = await aFixWorld(referenceOf(execution));
    const [required] = referenceOf(execution).attachments;
    world.call({ call: "DetachRolePolicy", roleName: execution, policyArn: required?.arn ?? "" });
    for (let index = 0; index < 10; index += 1) {
      world.call({ call: "CreatePolicy", policyName: `P${index}`, policyDocument: allow("iam:*") });
      const policyArn = `arn:aws:iam::${account}:policy/P${index}`;
      world.call({ call: "AttachRolePolicy", roleName: execution, policyArn });
    }
    const alone = fixesOf(await world.read()).get(`managed:${required?.arn} missing`);
    assert.ok(alone?.kind === "manual");
    assert.match(alone.why, /attaches 10 managed policies to a role, and the role would have 11/);
    await fixAll(world);
    assert.deepEqual(keys((await world.read()).assessments), []);
  });
});

describe("fixes of drawn roles, carried out in the simulated account", () => {
  const grants = fc.constantFrom(
    allowing("iam:*"),
    allowing(get),
    allowing(get, secretOf("one")),
    allowing("*"),
    denying(get, secretOf("two")),
    denying("logs:*"),
    denying("*"),
    { ...denying("ecr:*"), Condition: { StringNotEquals: { "aws:RequestedRegion": "us-east-1" } } },
    allowing("ecr:GetAuthorizationToken"),
  );
  const statements = fc.array(grants, { minLength: 1, maxLength: 3 }).map((some) => policy(...some));
  const own = { StringEquals: { "aws:SourceAccount": account } };
  const trusts = fc.constantFrom(
    trustOf("ec2.amazonaws.com"),
    policy(
      {
        Effect: "Allow",
        Principal: { Service: "ecs-tasks.amazonaws.com" },
        Action: "sts:AssumeRole",
        Condition: own,
      },
      { Effect: "Allow", Principal: { AWS: "*" }, Action: "sts:AssumeRole" },
    ),
    policy(
      { Effect: "Allow", Principal: { Service: "ecs-tasks.amazonaws.com" }, Action: "sts:AssumeRole" },
      { Effect: "Deny", Principal: "*", Action: "sts:AssumeRole" },
    ),
    policy({
      Effect: "Allow",
      Principal: { Service: ["ecs-tasks.amazonaws.com", "batch.amazonaws.com"], AWS: "999988887777" },
      Action: "sts:*",
    }),
  );
  const drifts = (roleName: string, attached: readonly string[], profile: string | undefined) =>
    fc.oneof(
      fc
        .record({
          policyName: fc.constantFrom("a", "b", "JobDefinitionNeeds", "RequiredPermissions"),
          document: statements,
        })
        .map(({ policyName, document }) => [putInline(roleName, policyName, document)]),
      fc
        .constantFrom(...attached)
        .map((policyArn): IamCall[] => [{ call: "DetachRolePolicy", roleName, policyArn }]),
      fc
        .record({ name: fc.constantFrom("X", "Y"), document: statements })
        .map(({ name, document }): IamCall[] => [
          { call: "CreatePolicy", policyName: name, policyDocument: document },
          { call: "AttachRolePolicy", roleName, policyArn: `arn:aws:iam::${account}:policy/${name}` },
        ]),
      trusts.map((policyDocument): IamCall[] => [
        { call: "UpdateAssumeRolePolicy", roleName, policyDocument },
      ]),
      statements.map((policyDocument): IamCall[] => [
        { call: "CreatePolicy", policyName: "Boundary", policyDocument },
        {
          call: "PutRolePermissionsBoundary",
          roleName,
          permissionsBoundary: `arn:aws:iam::${account}:policy/Boundary`,
        },
      ]),
      ...(profile === undefined
        ? []
        : [
            fc.constant<IamCall[]>([
              { call: "RemoveRoleFromInstanceProfile", instanceProfileName: profile, roleName },
            ]),
          ]),
    );

  const drawDrifts = (
    name: string,
    { attachments, profile }: ReturnType<typeof referenceOf>,
    maxLength: number,
  ) =>
    fc.array(
      drifts(
        name,
        attachments.map(({ arn }) => arn),
        profile,
      ),
      { minLength: 1, maxLength },
    );

  for (const name of [execution, "AWSBatchServiceRole", "ecsInstanceRole", "ecsInfrastructureRole"]) {
    it(`leave only what the plan leaves, and nothing new: ${name}`, async () => {
      const reference = referenceOf(name);
      const drawn = drawDrifts(name, reference, 4);
      const uses = name === execution ? needing("one", "two") : [];
      await fc.assert(
        fc.asyncProperty(drawn, async (calls) => {
          const world = await aFixWorld(reference, uses);
          // IAM refuses some of the drawn calls, such as one that detaches a policy twice.
          for (const call of calls.flat()) world.iam.call(call, { kind: "root" });
          const question = await world.read();
          const before = new Set(keys(question.assessments));
          const plan = planFixes(question);
          world.carryOut(plan.groups.flatMap(({ steps }) => steps));
          const after = keys((await world.read()).assessments);
          const left = new Set(plan.left.map(({ drift }) => `${drift.part} ${drift.side}`));
          for (const key of after) {
            assert.ok(before.has(key), `${key} is new`);
            assert.ok(left.has(key) || !/ (?:excess|missing|altered)$/.test(key), `${key} was to be cleared`);
          }
        }),
        { numRuns: 25 },
      );
    });

    it(`clear their finding and make no other, each alone: ${name}`, async () => {
      const reference = referenceOf(name);
      const drawn = drawDrifts(name, reference, 3);
      const uses = name === execution ? needing("one", "two") : [];
      await fc.assert(
        fc.asyncProperty(drawn, async (calls) => {
          const make = async () => {
            const world = await aFixWorld(reference, uses);
            for (const call of calls.flat()) world.iam.call(call, { kind: "root" });
            return world;
          };
          const question = await (await make()).read();
          const before = new Set(keys(question.assessments));
          for (const [key, fix] of fixesOf(question)) {
            if (fix?.kind !== "steps") continue;
            const world = await make();
            world.carryOut(fix.steps);
            const after = keys((await world.read()).assessments);
            assert.deepEqual(
              after.filter((one) => !before.has(one)),
              [],
              `new after the fix of ${key}`,
            );
            if (fix.leaves === undefined) assert.ok(!after.includes(key), `${key} is left`);
          }
        }),
        { numRuns: 12 },
      );
    });
  }
});
