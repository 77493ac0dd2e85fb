import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { FixQuestion } from "@drift-guard/core/fixes/fixes";
import { digestEvidence, identifyFinding } from "@drift-guard/core/model/identity";
import { addSeconds, instantOf } from "@drift-guard/core/model/instant";
import type { RoleReading } from "@drift-guard/core/model/role";
import type { Reference } from "@drift-guard/core/reference/reference";
import type { ApiCaller } from "@drift-guard/embedded/iam/caller";
import { carryOut, type EnsureResult } from "@drift-guard/guard/ensure/carry-out";
import { type EnsurePlan, planEnsure } from "@drift-guard/guard/ensure/plan";
import type { EnsurePorts } from "@drift-guard/guard/ports";
import { account, allow, batchServicePolicy, trustOf } from "../../builders.ts";
import { aFixWorld, type FixWorld } from "../../core/fixes/carry-out.ts";
import { referenceOf } from "../../core/watched-roles.ts";

const ada: ApiCaller = { kind: "user", name: "ada" };
const serviceRole = "AWSBatchServiceRole";
const roleArn = (name: string) => `arn:aws:iam::${account}:role/${name}`;
const trusting = (AWS: string) =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { AWS }, Action: "sts:AssumeRole" }],
  });

function portsOf({ iam }: FixWorld): EnsurePorts & { readonly waited: number[] } {
  const waited: number[] = [];
  return {
    roles: iam.reader(ada),
    policies: iam.policyReader(),
    writer: iam.writer(ada),
    builder: iam.builder(ada),
    keeper: iam.keeper(ada),
    wait: async (seconds) => void waited.push(seconds),
    waited,
  };
}

const callsOf = ({ groups }: EnsurePlan) =>
  groups.flatMap(({ steps }) => steps.map(({ step }) => step.call.slice("iam:".length)));
const statusesOf = ({ outcomes }: EnsureResult) => outcomes.map(({ status }) => status);
const driftsOf = (question: FixQuestion, reading: RoleReading) =>
  question
    .assess(reading)
    .filter(({ kind }) => kind === "drift")
    .map(({ part }) => `${part}`);

/** Plans and carries out, and returns what came of it. */
async function ensure(world: FixWorld, { warned = false, over = {} as Partial<EnsurePorts> } = {}) {
  const ports = { ...portsOf(world), ...over };
  const question = await world.read();
  const plan = await planEnsure(question, ports);
  const result = await carryOut(plan, question, { warned }, ports);
  return { plan, result, drifts: driftsOf(question, result.reading) };
}

function deleteRole(world: FixWorld, name: string, { attachments, profile }: Reference): void {
  for (const { arn } of attachments) world.call({ call: "DetachRolePolicy", roleName: name, policyArn: arn });
  if (profile !== undefined) {
    world.call({ call: "RemoveRoleFromInstanceProfile", instanceProfileName: profile, roleName: name });
  }
  world.call({ call: "DeleteRole", roleName: name });
}

describe("ensure", () => {
  it("attaches the policy, after it checked the trust, and replaces a trust that does not match (R4 to R9)", async () => {
    const world = await aFixWorld(referenceOf(serviceRole));
    world.call({ call: "DetachRolePolicy", roleName: serviceRole, policyArn: batchServicePolicy });
    const policyDocument = trustOf("ec2.amazonaws.com");
    world.call({ call: "UpdateAssumeRolePolicy", roleName: serviceRole, policyDocument });
    const { plan, result, drifts } = await ensure(world, { warned: true });
    assert.deepEqual(callsOf(plan), ["UpdateAssumeRolePolicy", "AttachRolePolicy"]);
    assert.deepEqual(statusesOf(result), ["done", "done"]);
    assert.deepEqual(drifts, []);
  });

  it("undoes what somebody accepted only if the person insists, after all else, and names the exception", async () => {
    const world = await aFixWorld(referenceOf(serviceRole));
    const policyDocument = allow("s3:GetObject");
    world.call({ call: "PutRolePolicy", roleName: serviceRole, policyName: "extra", policyDocument });
    world.call({ call: "DetachRolePolicy", roleName: serviceRole, policyArn: batchServicePolicy });
    const question = await world.read();
    const extra = question.assessments.find(({ kind, part }) => kind === "drift" && part.kind === "inline");
    assert.ok(extra);
    const now = instantOf(world.clock.now());
    const expires = addSeconds(now, 86_400);
    const exception = {
      findingId: identifyFinding({ account, name: serviceRole }, extra),
      digest: digestEvidence(extra),
      owner: "team batch",
      reason: "reads its input",
      expires,
    };
    const plan = await planEnsure(question, portsOf(world), { exceptions: [exception], pauses: [], now });
    assert.deepEqual(
      plan.groups.map(({ steps, warning }) => [steps.map(({ step }) => step.call), warning]),
      [
        [["iam:AttachRolePolicy"], undefined],
        [
          ["iam:DeleteRolePolicy"],
          `These steps undo what team batch accepted at inline:extra until ${expires} (reads its input).`,
        ],
      ],
    );
    const result = await carryOut(plan, question, { warned: false }, portsOf(world));
    assert.deepEqual([statusesOf(result), result.stopped], [["done", "not tried"], "warning"]);
    const later = { exceptions: [exception], pauses: [], now: addSeconds(expires, 1) };
    const ended = await planEnsure(await world.read(), portsOf(world), later);
    assert.deepEqual(
      ended.groups.map(({ warning }) => warning),
      [undefined],
    );
  });

  it("warns before every step while a person has paused rollbacks", async () => {
    const world = await aFixWorld(referenceOf(serviceRole));
    world.call({ call: "DetachRolePolicy", roleName: serviceRole, policyArn: batchServicePolicy });
    const now = instantOf(world.clock.now());
    const until = addSeconds(now, 3600);
    const pauses = [{ scope: "account", by: "ana", until, reason: "Migration" } as const];
    const plan = await planEnsure(await world.read(), portsOf(world), { exceptions: [], pauses, now });
    assert.deepEqual(
      plan.groups.map(({ warning }) => warning),
      [`ana paused rollbacks until ${until} (Migration). Ask them first.`],
    );
  });

  it("creates a deleted role with its policy (R10, R44)", async () => {
    for (const name of [serviceRole, "ecsTaskExecutionRole"]) {
      const reference = referenceOf(name);
      const world = await aFixWorld(reference);
      deleteRole(world, name, reference);
      const { plan, drifts } = await ensure(world);
      assert.deepEqual(callsOf(plan), ["CreateRole", "AttachRolePolicy"]);
      assert.deepEqual(drifts, []);
    }
  });

  it("puts a created role back into its instance profile, and creates the profile if it is missing (2.1)", async () => {
    const reference = referenceOf("ecsInstanceRole");
    for (const isMissing of [false, true]) {
      const world = await aFixWorld(reference);
      deleteRole(world, reference.role, reference);
      const profile = { instanceProfileName: reference.profile ?? "" };
      if (isMissing) world.call({ call: "DeleteInstanceProfile", ...profile });
      const { plan, drifts } = await ensure(world);
      assert.deepEqual(callsOf(plan), ["CreateRole", "AttachRolePolicy", "AddRoleToInstanceProfile"]);
      assert.deepEqual(drifts, []);
    }
  });

  it("creates a deleted role with everything that its reference has on it (2.9)", async () => {
    const arn = `arn:aws:iam::${account}:policy/Bound`;
    const document = allow(["ec2:*", "s3:GetObject"]);
    const base = referenceOf(serviceRole);
    const reference: Reference = {
      ...base,
      boundary: { arn, document },
      floor: { document: allow("s3:GetObject"), source: base.source },
      description: "Batch's own",
      maxSession: 7200,
      tags: { team: "batch" },
    };
    const make = { call: "CreatePolicy", policyName: "Bound", policyDocument: document } as const;
    const world = await aFixWorld(reference, [], "aws", [make]);
    deleteRole(world, serviceRole, reference);
    const { plan, result, drifts } = await ensure(world);
    // No step after the first needs iam:UpdateRole or iam:TagRole, and the role never stands without its settings.
    assert.deepEqual(callsOf(plan), ["CreateRole", "AttachRolePolicy", "PutRolePolicy"]);
    assert.deepEqual(drifts, []);
    assert.ok(result.reading.status === "present");
    const { boundary, description, maxSession, tags, inline, attached } = result.reading.role;
    assert.deepEqual(
      [boundary.observed && boundary.value?.arn, description, maxSession, tags].map((part) =>
        typeof part === "object" && part.observed ? part.value : part,
      ),
      [arn, "Batch's own", 7200, { team: "batch" }],
    );
    assert.deepEqual([inline.length, attached.length], [1, 1]);
  });

  it("creates the service-linked role by its service (R17, R19)", async () => {
    const linked = referenceOf("AWSServiceRoleForBatch");
    const world = await aFixWorld(linked);
    world.call({ call: "DeleteServiceLinkedRole", roleName: linked.role });
    world.clock.advance(3600);
    const { plan, drifts } = await ensure(world);
    assert.deepEqual(callsOf(plan), ["CreateServiceLinkedRole"]);
    assert.deepEqual(drifts, []);
  });

  it("plans nothing for a clean role", async () => {
    const { plan, result } = await ensure(await aFixWorld(referenceOf(serviceRole)));
    assert.deepEqual([plan, statusesOf(result)], [{ groups: [], left: [] }, []]);
  });

  it("says of each step what it expects, and which grants it gives and takes", async () => {
    const world = await aFixWorld(referenceOf("ecsTaskExecutionRole"));
    const roleName = "ecsTaskExecutionRole";
    world.call({
      call: "PutRolePolicy",
      roleName,
      policyName: "rogue",
      policyDocument: allow("iam:CreateUser"),
    });
    const plan = await planEnsure(await world.read(), portsOf(world));
    const [effect] = plan.groups.flatMap(({ steps }) => steps);
    assert.equal(effect?.expects, "The inline policy rogue of ecsTaskExecutionRole is as it was read.");
    assert.deepEqual([effect.gains, effect.losses.map(({ actions }) => actions)], [[], [["iam:CreateUser"]]]);
  });

  it("stops at a denied call, with the code and without the steps after it", async () => {
    const reference = referenceOf(serviceRole);
    const world = await aFixWorld(reference);
    deleteRole(world, serviceRole, reference);
    world.iam.deny(ada, ["CreateRole"]);
    const { result, drifts } = await ensure(world);
    assert.deepEqual(statusesOf(result), ["refused", "not tried"]);
    assert.equal(result.stopped, "failed");
    assert.ok(result.outcomes[0]?.status === "refused" && result.outcomes[0].code === "AccessDenied");
    assert.deepEqual(drifts, ["role"]);
  });

  it("changes nothing if the role changed after it was planned for", async () => {
    const world = await aFixWorld(referenceOf(serviceRole));
    const detach = {
      call: "DetachRolePolicy",
      roleName: serviceRole,
      policyArn: batchServicePolicy,
    } as const;
    world.call(detach);
    const question = await world.read();
    const plan = await planEnsure(question, portsOf(world));
    world.call({ ...detach, call: "AttachRolePolicy" });
    const result = await carryOut(plan, question, { warned: true }, portsOf(world));
    assert.deepEqual([statusesOf(result), result.stopped], [["not tried"], "changed"]);
  });

  it("stops before steps with a warning, unless the person has considered it", async () => {
    const Statement = [{ Effect: "Deny", Action: "ec2:RunInstances", Resource: "*" }];
    const policyDocument = JSON.stringify({ Version: "2012-10-17", Statement });
    const contain = {
      call: "PutRolePolicy",
      roleName: serviceRole,
      policyName: "stop",
      policyDocument,
    } as const;
    const world = await aFixWorld(referenceOf(serviceRole));
    world.call(contain);
    const { plan, result } = await ensure(world);
    assert.match(plan.groups[0]?.warning ?? "", /Deny, which may contain an incident/);
    assert.deepEqual([statusesOf(result), result.stopped], [["not tried"], "warning"]);
    assert.deepEqual((await ensure(world, { warned: true })).drifts, []);
  });

  it("repairs an exposed trust first, and warns that a stranger's session would get what is restored", async () => {
    const world = await aFixWorld(referenceOf(serviceRole));
    world.call({ call: "DetachRolePolicy", roleName: serviceRole, policyArn: batchServicePolicy });
    const live = JSON.parse(trustOf("batch.amazonaws.com"));
    live.Statement.push(JSON.parse(trusting("arn:aws:iam::999988887777:root")).Statement[0]);
    const policyDocument = JSON.stringify(live);
    world.call({ call: "UpdateAssumeRolePolicy", roleName: serviceRole, policyDocument });
    const { plan, result, drifts } = await ensure(world);
    assert.deepEqual(callsOf(plan), ["UpdateAssumeRolePolicy", "AttachRolePolicy"]);
    assert.equal(plan.groups[0]?.warning, undefined);
    assert.match(
      plan.groups[1]?.warning ?? "",
      /Repair it first; after that, somebody may have a running session for an hour/,
    );
    assert.deepEqual(statusesOf(result), ["done", "not tried"]);
    assert.deepEqual(drifts, [`managed:${batchServicePolicy}`]);
  });

  it("writes no trust that names a role which does not exist, or exists at another path", async () => {
    for (const [made, why] of [
      [undefined, /names arn:aws:iam::123456789012:role\/Deployer, which does not exist/],
      ["/teams/", /that role is arn:aws:iam::123456789012:role\/teams\/Deployer/],
    ] as const) {
      const assumeRolePolicyDocument = trustOf("batch.amazonaws.com");
      const make = { call: "CreateRole", roleName: "Deployer", assumeRolePolicyDocument } as const;
      const reference: Reference = { ...referenceOf(serviceRole), trust: trusting(roleArn("Deployer")) };
      const world = await aFixWorld(reference, [], "aws", [make]);
      deleteRole(world, serviceRole, reference);
      world.call({ call: "DeleteRole", roleName: "Deployer" });
      if (made !== undefined) world.call({ ...make, path: made });
      const plan = await planEnsure(await world.read(), portsOf(world));
      assert.deepEqual(plan.groups, []);
      assert.match(plan.left[0]?.why ?? "", why);
    }
  });

  it("warns before it lets in a role that was made anew under the name of a deleted one", async () => {
    const assumeRolePolicyDocument = trustOf("batch.amazonaws.com");
    const make = { call: "CreateRole", roleName: "Deployer", assumeRolePolicyDocument } as const;
    const reference: Reference = { ...referenceOf(serviceRole), trust: trusting(roleArn("Deployer")) };
    const world = await aFixWorld(reference, [], "aws", [make]);
    world.call({ call: "DeleteRole", roleName: "Deployer" });
    world.call(make);
    const { plan, result } = await ensure(world);
    assert.match(plan.groups[0]?.warning ?? "", /made anew under its name, and get access: .*Deployer/);
    assert.equal(result.stopped, "warning");
  });

  it("attaches no customer-managed policy whose live document is not the reference's", async () => {
    const arn = `arn:aws:iam::${account}:policy/Own`;
    const base = referenceOf(serviceRole);
    const [attachment] = base.attachments;
    assert.ok(attachment);
    const own = { ...attachment, arn, version: "v1", document: allow("ec2:DescribeInstances") };
    for (const [live, calls] of [
      [own.document, ["AttachRolePolicy"]],
      [allow("*"), []],
    ] as const) {
      const reference: Reference = { ...base, attachments: [own] };
      const make = { call: "CreatePolicy", policyName: "Own", policyDocument: live } as const;
      const world = await aFixWorld(reference, [], "aws", [make]);
      world.call({ call: "DetachRolePolicy", roleName: serviceRole, policyArn: arn });
      assert.deepEqual(callsOf(await planEnsure(await world.read(), portsOf(world))), calls);
    }
  });

  it("tries again while IAM does not know a role yet that it created", async () => {
    const reference = referenceOf(serviceRole);
    const world = await aFixWorld(reference);
    deleteRole(world, serviceRole, reference);
    const ports = portsOf(world);
    let calls = 0;
    const apply: EnsurePorts["writer"]["apply"] = (step, trace) => {
      calls += 1;
      return ports.writer.apply(calls < 3 ? { ...step, role: "Nobody" } : step, trace);
    };
    const { result, drifts } = await ensure(world, { over: { writer: { apply }, wait: ports.wait } });
    assert.deepEqual([statusesOf(result), drifts, ports.waited], [["done", "done"], [], [1, 2]]);
  });

  it("reads again until IAM shows what was done", async () => {
    const world = await aFixWorld(referenceOf(serviceRole));
    world.call({ call: "DetachRolePolicy", roleName: serviceRole, policyArn: batchServicePolicy });
    const ports = portsOf(world);
    const { reading: stale } = await world.read();
    let reads = 0;
    const read = async (name: string) => {
      reads += 1;
      return reads <= 3 ? stale : ports.roles.read(name);
    };
    const { drifts } = await ensure(world, { over: { roles: { read }, wait: ports.wait } });
    assert.deepEqual([drifts, ports.waited], [[], [1, 2]]);
  });
});
