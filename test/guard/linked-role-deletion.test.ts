import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { LinkedRoleRefusedError } from "@drift-guard/core/errors";
import type { Deletion } from "@drift-guard/core/model/deletion";
import { printRoleKey } from "@drift-guard/core/model/role";
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
import { aKey, noon } from "../builders.ts";

const key = aKey({ name: "AWSServiceRoleForBatch" });
const ada: ApiCaller = { kind: "user", name: "ada" };
const schedule = { intervalSeconds: 1, timeoutSeconds: 60 };
const inIreland = { region: "eu-west-1", resources: ["compute-environment/a", "compute-environment/b"] };
const inVirginia = { region: "us-east-1", resources: ["compute-environment/c"] };

let clock: VirtualClock;
let account: SimulatedAccount;
let remembered: Map<string, Deletion>;

beforeEach(async () => {
  clock = createVirtualClock(noon);
  account = createSimulatedAccount({
    account: key.account,
    clock,
    awsPolicies: listAwsPolicies(builtInReferences()),
  });
  remembered = new Map();
  await account.keeper(ada).create("batch.amazonaws.com");
});

// The ports of a program that was just started: only what was remembered is left of those before it.
function ports(): DeletionPorts {
  return {
    keeper: account.keeper(ada),
    memory: {
      ready: async () => {},
      load: async (role) => remembered.get(printRoleKey(role)),
      save: async (deletion) => void remembered.set(printRoleKey(deletion.role), deletion),
    },
    now: () => clock.now(),
    pause: async (seconds) => clock.advance(seconds),
  };
}

async function followed(deletion: Deletion, over = schedule): Promise<readonly DeletionPoll[]> {
  const looks: DeletionPoll[] = [];
  for await (const look of followDeletion(deletion, ports(), over)) looks.push(look);
  return looks;
}

const statuses = (looks: readonly DeletionPoll[]) => looks.map(({ deletion }) => deletion.last.status);
const isThere = async () => (await account.reader(ada).read(key.name)).status === "present";

describe("The deletion of a service-linked role", () => {
  it("goes through its states to its end, and the role is gone then and no earlier", async () => {
    const looks = await followed(await submitDeletion(key, ports()));
    assert.deepEqual([...new Set(statuses(looks))], ["NOT_STARTED", "IN_PROGRESS", "SUCCEEDED"]);
    assert.equal(await isThere(), false);
  });

  it("fails with all that uses the role, and keeps it", async () => {
    account.setLinkedRoleUsage(key.name, [inIreland, inVirginia]);
    const looks = await followed(await submitDeletion(key, ports()));
    const last = looks.at(-1)?.deletion.last;
    assert.ok(last?.status === "FAILED");
    assert.deepEqual(last.usage, [inIreland, inVirginia]);
    assert.match(last.reason ?? "", /still used/);
    assert.equal(await isThere(), true);
  });

  it("may name a part of what uses the role, then the rest, then nothing, and ends when all is clean", async () => {
    const rounds = [
      { uses: [inIreland, inVirginia], names: [inIreland] },
      { uses: [inVirginia], names: [] },
      { uses: [], names: [] },
    ];
    const ends = [];
    for (const { uses, names } of rounds) {
      account.setLinkedRoleUsage(key.name, uses, names);
      ends.push((await followed(await submitDeletion(key, ports()))).at(-1)?.deletion.last);
    }
    assert.deepEqual(
      ends.map((end) => (end?.status === "FAILED" ? end.usage : end?.status)),
      [[inIreland], [], "SUCCEEDED"],
    );
  });

  it("is the same task when it is asked for again before it ends, and another one after it failed", async () => {
    account.setLinkedRoleUsage(key.name, [inVirginia]);
    const first = await submitDeletion(key, ports());
    clock.advance(1);
    assert.deepEqual(await submitDeletion(key, ports()), first);
    await followed(first);
    assert.notEqual((await submitDeletion(key, ports())).taskId, first.taskId);
  });

  it("is found by a program that starts again, where the one before it ended without a word", async () => {
    await submitDeletion(key, ports());
    const known = remembered.get(printRoleKey(key));
    assert.ok(known);
    assert.equal((await followed(known)).at(-1)?.deletion.last.status, "SUCCEEDED");
    assert.equal(remembered.get(printRoleKey(key))?.last.status, "SUCCEEDED");
  });

  it("is not asked for where it could not be remembered", async () => {
    const { memory, ...rest } = ports();
    const ready = () => Promise.reject(new Error("read-only"));
    await assert.rejects(submitDeletion(key, { ...rest, memory: { ...memory, ready } }), /read-only/);
    clock.advance(60);
    assert.equal(await isThere(), true);
  });

  it("is found by IAM where nothing was remembered", async () => {
    const { taskId } = await submitDeletion(key, ports());
    remembered.clear();
    assert.equal((await submitDeletion(key, ports())).taskId, taskId);
  });

  it("stops polling when the schedule ends", async () => {
    const looks = await followed(await submitDeletion(key, ports()), {
      intervalSeconds: 1,
      timeoutSeconds: 2,
    });
    assert.deepEqual(statuses(looks), ["NOT_STARTED", "IN_PROGRESS", "IN_PROGRESS"]);
    clock.advance(60);
    assert.equal(await isThere(), false);
  });

  it("is told as unknown where IAM has no such task", async () => {
    const deletion = await submitDeletion(key, ports());
    const looks = await followed({ ...deletion, taskId: `${deletion.taskId}0` });
    assert.deepEqual(
      looks.map(({ kind }) => kind),
      ["unknown"],
    );
  });

  it("is refused outright to whoever may not, with IAM's reason, and nothing is remembered", async () => {
    account.deny(ada, ["DeleteServiceLinkedRole"]);
    await assert.rejects(submitDeletion(key, ports()), (error) => {
      assert.ok(error instanceof LinkedRoleRefusedError);
      assert.equal(error.code, "AccessDenied");
      assert.match(error.message, /no identity-based policy allows the iam:DeleteServiceLinkedRole action/);
      return true;
    });
    assert.equal(remembered.size, 0);
  });

  it("is not followed by whoever may not read it", async () => {
    const deletion = await submitDeletion(key, ports());
    account.deny(ada, ["GetServiceLinkedRoleDeletionStatus"]);
    await assert.rejects(followed(deletion), LinkedRoleRefusedError);
  });
});

describe("The activity of a service-linked role", () => {
  it("is when and where it last called which service", async () => {
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

  it("is not that of a role of the same name before it", async () => {
    account.recordServiceUse(key.name, "ec2", "eu-west-1");
    await followed(await submitDeletion(key, ports()));
    await account.keeper(ada).create("batch.amazonaws.com");
    const { role } = await account.keeper(ada).activity(key.name);
    assert.deepEqual(role, { observed: true, value: null });
  });

  it("is told as not observed to whoever may not ask for the report", async () => {
    account.deny(ada, ["GenerateServiceLastAccessedDetails"]);
    const { services } = await account.keeper(ada).activity(key.name);
    assert.ok(!services.observed);
    assert.match(services.why, /GenerateServiceLastAccessedDetails/);
  });
});

describe("The description of a service-linked role", () => {
  it("can be written with the permission of the guide alone, which is of the older call", async () => {
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
