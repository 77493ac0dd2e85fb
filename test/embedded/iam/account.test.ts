import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseEnvelope } from "@drift-guard/core/intake/message";
import type { SimulatedAccount } from "@drift-guard/embedded/iam/account";
import { createSimulatedAccount } from "@drift-guard/embedded/iam/account";
import type { IamCall } from "@drift-guard/embedded/iam/call";
import fc from "fast-check";
import { account, allow, batchServicePolicy, trustOf } from "../../builders.ts";
import { ada, aWorld, createRole } from "./accounts.ts";

const linked = "AWSServiceRoleForBatch";
const makeLinked: IamCall = { call: "CreateServiceLinkedRole", awsServiceName: "batch.amazonaws.com" };

describe("The simulated account", () => {
  it("generates the same ids in every run", () => {
    const run = () => {
      const world = aWorld();
      world.call(createRole("R"));
      world.call({ call: "DeleteRole", roleName: "R" });
      return world.events;
    };
    assert.deepEqual(run(), run());
  });

  it("calls a listener no more after it was stopped", () => {
    const { account } = aWorld();
    let heard = 0;
    const stop = account.onEvent(() => {
      heard += 1;
    });
    account.call(createRole("R"), ada);
    stop();
    account.call(createRole("S"), ada);
    assert.equal(heard, 1);
  });

  it("sets a maximum session duration that UpdateRole leaves out to one hour, as IAM's page says", async () => {
    const world = aWorld();
    world.call(createRole("R"));
    const maxSession = async (call: IamCall) => {
      assert.equal(world.call(call).answer.status, "done");
      const reading = await world.account.reader(ada).read("R");
      return reading.status === "present" && reading.role.maxSession;
    };
    const longer = { call: "UpdateRole", roleName: "R", maxSessionDuration: 7_200 } as const;
    assert.deepEqual(await maxSession(longer), { observed: true, value: 7_200 });
    const described = { call: "UpdateRole", roleName: "R", description: "x" } as const;
    assert.deepEqual(await maxSession(described), { observed: true, value: 3_600 });
  });

  it("denies a caller the given calls only, in every session", async () => {
    const world = aWorld();
    const role = `arn:aws:iam::${account}:role/Deployer`;
    world.account.deny({ kind: "session", role, session: "monday" }, ["DeleteRole", "GetRole"]);
    const tuesday = { kind: "session", role, session: "tuesday" } as const;
    assert.equal(world.call(createRole("R"), tuesday).answer.status, "done");
    assert.equal(world.call({ call: "DeleteRole", roleName: "R" }, tuesday).answer.status, "refused");
    await assert.rejects(world.account.reader(tuesday).read("R"), {
      name: "RoleUnreadableError",
      message: /role R .*iam:GetRole.*AccessDenied/,
    });
    assert.equal((await world.account.reader(ada).read("R")).status, "present");
  });

  it("shows a published policy version as the default, and emits no event", async () => {
    const world = aWorld();
    world.call(createRole("R"));
    world.call({ call: "AttachRolePolicy", roleName: "R", policyArn: batchServicePolicy });
    const before = world.events.length;
    const text = allow("autoscaling:DescribeScalingActivities");
    world.account.publishAwsPolicy({ arn: batchServicePolicy, version: "v99", text });
    const reading = await world.account.reader(ada).read("R");
    assert.ok(reading.status === "present");
    assert.deepEqual(reading.role.attached[0]?.version, { observed: true, value: { id: "v99", text } });
    assert.equal(world.events.length, before);
  });

  it("leaves the document of a policy that AWS has not published unobserved", async () => {
    const account = createSimulatedAccount({ awsPolicies: [] });
    account.call({ call: "CreateServiceLinkedRole", awsServiceName: "spot.amazonaws.com" }, ada);
    const reading = await account.reader(ada).read("AWSServiceRoleForEC2Spot");
    assert.ok(reading.status === "present");
    assert.equal(reading.role.attached[0]?.version.observed, false);
  });

  it("keeps the ARN of a deleted role in a condition", async () => {
    const world = aWorld();
    world.call(createRole("Trusted"));
    world.call(createRole("R"));
    const arn = `arn:aws:iam::${account}:role/Trusted`;
    const trustOn = (principal: string) =>
      JSON.stringify({
        Version: "2012-10-17",
        Statement: {
          Effect: "Allow",
          Principal: { AWS: [principal, "210987654321"] },
          Action: "sts:AssumeRole",
          Condition: { ArnEquals: { "aws:PrincipalArn": arn } },
        },
      });
    const made = await world.account.reader(ada).read("Trusted");
    assert.ok(made.status === "present");
    world.call({ call: "UpdateAssumeRolePolicy", roleName: "R", policyDocument: trustOn(arn) });
    world.call({ call: "DeleteRole", roleName: "Trusted" });
    const reading = await world.account.reader(ada).read("R");
    assert.equal(reading.status === "present" && reading.role.trust, trustOn(made.role.id));
  });

  it("refuses the unique id of a deleted role as a principal", () => {
    const world = aWorld();
    world.call(createRole("R"));
    const policyDocument = trustOf("batch.amazonaws.com").replace(
      '"Service":"batch.amazonaws.com"',
      '"AWS":"AROAAAAAAAAAAAAAAAAAA"',
    );
    const { answer } = world.call({ call: "UpdateAssumeRolePolicy", roleName: "R", policyDocument });
    assert.equal(answer.status === "refused" && answer.code, "MalformedPolicyDocument");
    assert.equal(
      answer.status === "refused" && answer.message,
      'Invalid principal in policy: "AWS":"AROAAAAAAAAAAAAAAAAAA"',
    );
  });
});

describe("A service-linked role", () => {
  it("can exist several times if its service allows a suffix", () => {
    const world = aWorld();
    const call: IamCall = { call: "CreateServiceLinkedRole", awsServiceName: "autoscaling.amazonaws.com" };
    const [plain, own, again] = [
      call,
      { ...call, customSuffix: "own" },
      { ...call, customSuffix: "own" },
    ].map((one) => world.call(one).answer);
    assert.ok(plain?.status === "done" && own?.status === "done" && own.result.kind === "role");
    assert.equal(own.result.name, "AWSServiceRoleForAutoScaling_own");
    assert.match(
      own.result.arn,
      /\/aws-service-role\/autoscaling\.amazonaws\.com\/AWSServiceRoleForAutoScaling_own$/,
    );
    assert.equal(again?.status === "refused" && again.code, "InvalidInput");
  });

  it("is not created for a service that has none", () => {
    const { answer } = aWorld().call({ call: "CreateServiceLinkedRole", awsServiceName: "toString" });
    assert.equal(answer.status === "refused" && answer.code, "InvalidInput");
  });
});

describe("The deletion of a service-linked role", () => {
  it("ends some time after the request, and deletes the role", async () => {
    const world = aWorld();
    world.call(makeLinked);
    const taskId = deletionOf(world.call({ call: "DeleteServiceLinkedRole", roleName: linked }));
    assert.match(
      taskId,
      /^task\/aws-service-role\/batch\.amazonaws\.com\/AWSServiceRoleForBatch\/[0-9a-f-]{36}$/,
    );
    assert.equal(world.account.deletionStatus(taskId).status, "NOT_STARTED");
    world.clock.advance(1);
    assert.equal(world.account.deletionStatus(taskId).status, "IN_PROGRESS");
    assert.equal((await world.account.reader(ada).read(linked)).status, "present");
    world.clock.advance(60);
    assert.equal(world.account.deletionStatus(taskId).status, "SUCCEEDED");
    assert.equal((await world.account.reader(ada).read(linked)).status, "absent");
  });

  it("is the earlier task while that task runs", () => {
    const world = aWorld();
    world.call(makeLinked);
    const ask: IamCall = { call: "DeleteServiceLinkedRole", roleName: linked };
    assert.equal(deletionOf(world.call(ask)), deletionOf(world.call(ask)));
  });

  it("fails while resources use the role, names them, and can be requested again", async () => {
    const world = aWorld();
    world.call(makeLinked);
    const usage = [
      { region: "eu-west-1", resources: ["arn:aws:batch:eu-west-1:123456789012:compute-environment/ce"] },
    ];
    world.account.setLinkedRoleUsage(linked, usage);
    const ask: IamCall = { call: "DeleteServiceLinkedRole", roleName: linked };
    const first = deletionOf(world.call(ask));
    world.clock.advance(60);
    const status = world.account.deletionStatus(first);
    assert.ok(status.status === "FAILED");
    assert.deepEqual(status.usage, usage);
    assert.equal((await world.account.reader(ada).read(linked)).status, "present");
    world.account.setLinkedRoleUsage(linked, []);
    const second = deletionOf(world.call(ask));
    assert.notEqual(second, first);
    world.clock.advance(60);
    assert.equal(world.account.deletionStatus(second).status, "SUCCEEDED");
  });

  it("does not touch a new role of the same name", async () => {
    const world = aWorld();
    world.call(makeLinked);
    deletionOf(world.call({ call: "DeleteServiceLinkedRole", roleName: linked }));
    world.clock.advance(60);
    // A role of the same name without the service-linked path (T8).
    assert.equal(world.call(createRole(linked)).answer.status, "done");
    world.clock.advance(60);
    const reading = await world.account.reader(ada).read(linked);
    assert.equal(reading.status === "present" && reading.role.path, "/");
  });

  it("has no status for an unknown task", () => {
    assert.throws(() => aWorld().account.deletionStatus("task/none"), { code: "NoSuchEntity" });
  });
});

const roleName = fc.constantFrom("R", "r", "S", linked);
const policyArn = fc.constantFrom(batchServicePolicy, `arn:aws:iam::${account}:policy/Own`);
const policyDocument = fc.constantFrom(allow("s3:*"), allow("ec2:Run*"), "{", trustOf("ec2.amazonaws.com"));
const anyCall: fc.Arbitrary<IamCall> = fc.oneof(
  roleName.map(createRole),
  fc.constant(makeLinked),
  fc.constant<IamCall>({ call: "CreatePolicy", policyName: "Own", policyDocument: allow("s3:*") }),
  fc.record({ call: fc.constantFrom("DeleteRole" as const, "DeleteServiceLinkedRole" as const), roleName }),
  fc.record({
    call: fc.constantFrom("AttachRolePolicy" as const, "DetachRolePolicy" as const),
    roleName,
    policyArn,
  }),
  fc.record({
    call: fc.constant("PutRolePolicy" as const),
    roleName,
    policyName: fc.constant("p"),
    policyDocument,
  }),
  fc.record({ call: fc.constant("UpdateAssumeRolePolicy" as const), roleName, policyDocument }),
  fc.record({ call: fc.constant("CreatePolicyVersion" as const), policyArn, policyDocument }),
  fc.record({ call: fc.constant("DeletePolicy" as const), policyArn }),
);

describe("After any calls in any order, the simulated account", () => {
  it("is unchanged by refused calls, and has emitted one event for every call", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyCall, { maxLength: 30 }), async (calls) => {
        const world = aWorld();
        for (const [index, call] of calls.entries()) {
          const before = await readAll(world.account);
          const { answer, event } = world.call(call);
          assert.equal(world.events.length, index + 1);
          if (answer.status === "refused") assert.deepEqual(await readAll(world.account), before);
          const message = parseEnvelope(event);
          if (message.kind !== "change") {
            // A failed creation has no ARN, and the record of a denied call has no parameters.
            assert.ok(answer.status === "refused");
            assert.ok(call.call.startsWith("Create") || answer.code === "AccessDenied");
          } else {
            assert.equal(message.change.outcome.status === "succeeded", answer.status === "done");
            assert.equal(message.change.requestId, answer.requestId);
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});

function readAll(account: SimulatedAccount) {
  return Promise.all(["R", "S", linked].map((name) => account.reader(ada).read(name)));
}

function deletionOf({ answer }: ReturnType<ReturnType<typeof aWorld>["call"]>): string {
  assert.ok(answer.status === "done" && answer.result.kind === "deletion");
  return answer.result.taskId;
}
