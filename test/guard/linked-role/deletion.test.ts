import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { LinkedRoleRefusedError } from "@drift-guard/core/errors";
import type { Deletion } from "@drift-guard/core/model/deletion";
import { formatRoleKey } from "@drift-guard/core/model/role";
import { builtInReferences } from "@drift-guard/core/reference/built-in";
import { createVirtualClock, type VirtualClock } from "@drift-guard/embedded/clock";
import { createSimulatedAccount, type SimulatedAccount } from "@drift-guard/embedded/iam/account";
import type { ApiCaller } from "@drift-guard/embedded/iam/caller";
import { listAwsPolicies } from "@drift-guard/embedded/iam/managed-policies";
import {
  type DeletionPoll,
  type DeletionPorts,
  followDeletion,
  submitDeletion,
} from "@drift-guard/guard/linked-role/deletion";
import { aKey, noon } from "../../builders.ts";

const key = aKey({ name: "AWSServiceRoleForBatch" });
const ada: ApiCaller = { kind: "user", name: "ada" };
const schedule = { intervalSeconds: 1, timeoutSeconds: 60 };
const inIreland = { region: "eu-west-1", resources: ["compute-environment/a", "compute-environment/b"] };
const inVirginia = { region: "us-east-1", resources: ["compute-environment/c"] };

let clock: VirtualClock;
let account: SimulatedAccount;
let saved: Map<string, Deletion>;

beforeEach(async () => {
  clock = createVirtualClock(noon);
  account = createSimulatedAccount({
    account: key.account,
    clock,
    awsPolicies: listAwsPolicies(builtInReferences()),
  });
  saved = new Map();
  await account.keeper(ada).create("batch.amazonaws.com");
});

// The ports of a program that has just started: it knows only what earlier ones saved.
function ports(): DeletionPorts {
  return {
    keeper: account.keeper(ada),
    memory: {
      ready: async () => {},
      load: async (role) => saved.get(formatRoleKey(role)),
      save: async (deletion) => void saved.set(formatRoleKey(deletion.role), deletion),
    },
    now: () => clock.now(),
    pause: async (seconds) => clock.advance(seconds),
  };
}

async function collectPolls(deletion: Deletion, over = schedule): Promise<readonly DeletionPoll[]> {
  const polls: DeletionPoll[] = [];
  for await (const poll of followDeletion(deletion, ports(), over)) polls.push(poll);
  return polls;
}

const statuses = (polls: readonly DeletionPoll[]) => polls.map(({ deletion }) => deletion.last.status);
const exists = async () => (await account.reader(ada).read(key.name)).status === "present";

describe("The deletion of a service-linked role", () => {
  it("goes through its states, and the role exists until the last one", async () => {
    const polls = await collectPolls(await submitDeletion(key, ports()));
    assert.deepEqual([...new Set(statuses(polls))], ["NOT_STARTED", "IN_PROGRESS", "SUCCEEDED"]);
    assert.equal(await exists(), false);
  });

  it("fails with everything that uses the role, and the role stays", async () => {
    account.setLinkedRoleUsage(key.name, [inIreland, inVirginia]);
    const polls = await collectPolls(await submitDeletion(key, ports()));
    const last = polls.at(-1)?.deletion.last;
    assert.ok(last?.status === "FAILED");
    assert.deepEqual(last.usage, [inIreland, inVirginia]);
    assert.match(last.reason ?? "", /still used/);
    assert.equal(await exists(), true);
  });

  it("fails with a part of the uses, then the rest, then without any, and succeeds once nothing uses the role", async () => {
    const rounds = [
      { uses: [inIreland, inVirginia], names: [inIreland] },
      { uses: [inVirginia], names: [] },
      { uses: [], names: [] },
    ];
    const ends = [];
    for (const { uses, names } of rounds) {
      account.setLinkedRoleUsage(key.name, uses, names);
      ends.push((await collectPolls(await submitDeletion(key, ports()))).at(-1)?.deletion.last);
    }
    assert.deepEqual(
      ends.map((end) => (end?.status === "FAILED" ? end.usage : end?.status)),
      [[inIreland], [], "SUCCEEDED"],
    );
  });

  it("keeps its task when it is submitted again before its end, and gets another after a failure", async () => {
    account.setLinkedRoleUsage(key.name, [inVirginia]);
    const first = await submitDeletion(key, ports());
    clock.advance(1);
    assert.deepEqual(await submitDeletion(key, ports()), first);
    await collectPolls(first);
    assert.notEqual((await submitDeletion(key, ports())).taskId, first.taskId);
  });

  it("is resumed by a program that is started again after a crash", async () => {
    await submitDeletion(key, ports());
    const known = saved.get(formatRoleKey(key));
    assert.ok(known);
    assert.equal((await collectPolls(known)).at(-1)?.deletion.last.status, "SUCCEEDED");
    assert.equal(saved.get(formatRoleKey(key))?.last.status, "SUCCEEDED");
  });

  it("is not submitted where it cannot be saved", async () => {
    const { memory, ...rest } = ports();
    const ready = () => Promise.reject(new Error("read-only"));
    await assert.rejects(submitDeletion(key, { ...rest, memory: { ...memory, ready } }), /read-only/);
    clock.advance(60);
    assert.equal(await exists(), true);
  });

  it("is found by IAM where it was not saved", async () => {
    const { taskId } = await submitDeletion(key, ports());
    saved.clear();
    assert.equal((await submitDeletion(key, ports())).taskId, taskId);
  });

  it("stops polling when the schedule ends", async () => {
    const polls = await collectPolls(await submitDeletion(key, ports()), {
      intervalSeconds: 1,
      timeoutSeconds: 2,
    });
    assert.deepEqual(statuses(polls), ["NOT_STARTED", "IN_PROGRESS", "IN_PROGRESS"]);
    clock.advance(60);
    assert.equal(await exists(), false);
  });

  it("is reported as unknown where IAM has no such task", async () => {
    const deletion = await submitDeletion(key, ports());
    const polls = await collectPolls({ ...deletion, taskId: `${deletion.taskId}0` });
    assert.deepEqual(
      polls.map(({ kind }) => kind),
      ["unknown"],
    );
  });

  it("is refused to a caller without permission, with IAM's reason, and is not saved", async () => {
    account.deny(ada, ["DeleteServiceLinkedRole"]);
    await assert.rejects(submitDeletion(key, ports()), (error) => {
      assert.ok(error instanceof LinkedRoleRefusedError);
      assert.equal(error.code, "AccessDenied");
      assert.match(error.message, /no identity-based policy allows the iam:DeleteServiceLinkedRole action/);
      return true;
    });
    assert.equal(saved.size, 0);
  });

  it("is not followed for a caller who may not read its status", async () => {
    const deletion = await submitDeletion(key, ports());
    account.deny(ada, ["GetServiceLinkedRoleDeletionStatus"]);
    await assert.rejects(collectPolls(deletion), LinkedRoleRefusedError);
  });
});

describe("The activity of a service-linked role", () => {
  it("names the last call to each service with its time and region", async () => {
    account.recordServiceUse(key.name, "ec2", "eu-west-1");
    clock.advance(60);
    account.recordServiceUse(key.name, "ecs", "us-east-1");
    const { role, services } = await account.keeper(ada).activity(key.name);
    assert.deepEqual(role, {
      observed: true,
      value: { at: "2026-11-22T12:01:00.000Z", region: "us-east-1" },
    });
    assert.ok(services.observed);
    assert.deepEqual(
      services.value.map(({ service, region }) => [service, region]),
      [
        ["ecs", "us-east-1"],
        ["ec2", "eu-west-1"],
      ],
    );
  });

  it("does not include that of an earlier role of the same name", async () => {
    account.recordServiceUse(key.name, "ec2", "eu-west-1");
    await collectPolls(await submitDeletion(key, ports()));
    await account.keeper(ada).create("batch.amazonaws.com");
    const { role } = await account.keeper(ada).activity(key.name);
    assert.deepEqual(role, { observed: true, value: null });
  });

  it("is not observed for a caller who may not request the report", async () => {
    account.deny(ada, ["GenerateServiceLastAccessedDetails"]);
    const { services } = await account.keeper(ada).activity(key.name);
    assert.ok(!services.observed);
    assert.match(services.why, /GenerateServiceLastAccessedDetails/);
  });
});

describe("The description of a service-linked role", () => {
  it("can be edited with the one permission that the AWS guide names, that of the older call", async () => {
    account.deny(ada, ["UpdateRole"]);
    await account.keeper(ada).describe(key.name, "mine");
    account.deny(ada, ["UpdateRole", "UpdateRoleDescription"]);
    await assert.rejects(account.keeper(ada).describe(key.name, "other"), { code: "AccessDenied" });
    const reading = await account.reader(ada).read(key.name);
    assert.deepEqual(reading.status === "present" && reading.role.description, {
      observed: true,
      value: "mine",
    });
  });
});
