import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { describeEmulated } from "../local/emulated-suite.ts";
import { type GuardedAccount, keyOf, startGuardedAccount, until } from "./account.ts";
import { assertAllowed, neededByFunction, roleOfFunction } from "./function-calls.ts";
import { listGrantedActions } from "./permission.ts";
import { areResolved, assertRolledBack, causeDrift, drifts, guarded, historyOf } from "./two-drifts.ts";

// Lambda's own pollers and logs; failed messages; repairs and lookups that the events of this test do not need.
const seldom =
  /^(?:sqs:(?:Receive|Delete|GetQueue|SendMessage|ChangeMessageVisibility)|logs:|dynamodb:(?:GetRecords|GetShardIterator|DescribeStream|ListStreams|DeleteItem)|iam:(?:GetRolePolicy|ListEntitiesForPolicy|ListPolicyVersions|GetInstanceProfile|DetachRolePolicy|(?:Put|Delete)RolePolicy|DeleteRolePermissionsBoundary)|events:PutEvents)/;

// The sweep reads roles in bulk; it reads one role only after a conflict, or where the bulk read fails. It reads ECS only
// for compute environments, which this account has none of, and renews only findings that have been open for a month. It
// commits only where it finds something that detect has not found. It lists the account's Regions before it reports unused keys.
const seldomInSweep =
  /^(?:dynamodb:(?:Put|Update)Item|iam:(?:Get(?:Role|Policy|PolicyVersion)|List(?:RolePolicies|AttachedRolePolicies|InstanceProfilesForRole))|ecs:(?:Describe|List)ContainerInstances|account:ListRegions)$/;

// Secrets, keys and parameters are read where a job definition needs them, and this account has no job definition.
const seldomInDetectAndSweep =
  /^(?:secretsmanager:(?:DescribeSecret|GetResourcePolicy)|kms:(?:DescribeKey|GetKeyPolicy)|ssm:DescribeParameters)$/;

// Detect reads AWS Batch after a change of it, polls deletions of service-linked roles, and lists and reads the whole account
// after a change whose target is unknown: this test has none of these.
// Nobody answers in Security Hub here, and no finding returns (hub-life.test.ts).
const seldomInHub = /^(?:securityhub:(?:GetFindings|BatchUpdateFindings)|sns:Publish|dynamodb:PutItem)$/;

// Needed only where CloudTrail shows more than the events did; the first lookup may come after this test.
const seldomInLookup = /^(?:cloudtrail:LookupEvents|dynamodb:(?:Query|PutItem|DeleteItem)|sqs:SendMessage)$/;

const isSeldom = (name: string, action: string) =>
  seldom.test(action) ||
  (name === "lookup" && seldomInLookup.test(action)) ||
  (name === "securityhub" && seldomInHub.test(action)) ||
  (/^(?:detect|sweep)$/.test(name) && seldomInDetectAndSweep.test(action)) ||
  (name === "sweep" && seldomInSweep.test(action)) ||
  (name === "detect" &&
    /^(?:batch:Describe|iam:(?:GetServiceLinkedRoleDeletionStatus|GetAccountAuthorizationDetails|ListRoles)$)/.test(
      action,
    ));

describeEmulated("A detached policy and an opened trust, with the deployed bundles", () => {
  let account: GuardedAccount;
  before(async () => {
    account = await startGuardedAccount();
    await causeDrift(account);
    await until("two resolved findings", () => drifts(account), areResolved);
    await account.sweep();
  });
  after(() => account.stop());

  it("are found, recorded, rolled back once, and resolved by a later clean read", async () => {
    await assertRolledBack(account);
    for (const finding of await drifts(account)) {
      const history = await historyOf(account, finding);
      assert.deepEqual(history.slice(0, -1), ["opened by change", "rolled-back by rollback"]);
      // The event of the rollback's own call may come as late as the recheck.
      assert.match(history.at(-1) ?? "", /^resolved by (?:recheck|change)$/);
    }
  });

  it("are rolled back by calls whose user agent names the rollback and the step", async () => {
    const writes = account.local.recorder
      .listCalls()
      .filter(
        ({ caller, service, action }) =>
          service === "iam" && /-rollback\//.test(caller.arn) && /^(?:Attach|Update)/.test(action),
      );
    const traces = writes.map(({ userAgent }) => userAgent.split(" ").at(-1));
    const expected: string[] = [];
    for (const name of guarded) {
      for (const { id, plan } of (await account.control.load(keyOf(name))).rollbacks)
        expected.push(...plan.steps.map((_, step) => `drift-guard/${id}#${step}`));
    }
    assert.deepEqual(traces.toSorted(), expected.toSorted());
  });

  it("reach people, each transition in its own message", async () => {
    const ids = (await drifts(account)).map(({ id }) => id);
    const received = await until(
      "six messages",
      async () => account.messages().filter((message) => ids.some((id) => message.includes(id))),
      (messages) => messages.length >= 6,
    );
    assert.equal(received.length, 6);
    assert.ok(received.some((message) => message.includes("999988887777")));
  });

  it("are archived in Security Hub", async () => {
    const closed = await until(
      "two closed findings",
      async () => (await account.hubFindings()).filter(({ Compliance }) => Compliance?.Status === "PASSED"),
      (findings) => findings.length === 2,
    );
    const resources = closed.flatMap(
      ({ Resources }) => Resources?.map(({ Id }) => Id?.split("/").at(-1)) ?? [],
    );
    for (const name of guarded) assert.ok(resources.includes(name), `${name} among ${resources}`);
  });

  it("make each function call only what its role allows, on the resources that the calls name", async () => {
    const needed = await neededByFunction(account);
    assert.deepEqual(
      // The first lookup may come later.
      [...needed.keys()].filter((name) => name !== "lookup").sort(),
      ["detect", "notify", "publish", "rollback", "securityhub", "sweep"],
    );
    await assertAllowed(account);
  });

  it("use every permission of each function, except those that a quiet account does not need", async () => {
    const needed = await neededByFunction(account);
    for (const [name, calls] of needed) {
      const made = new Set(calls.map(({ action }) => action.toLowerCase()));
      const unused = listGrantedActions(await roleOfFunction(account, name)).filter(
        (action) => !made.has(action.toLowerCase()) && !isSeldom(name, action),
      );
      assert.deepEqual(unused, [], name);
    }
  });
});
