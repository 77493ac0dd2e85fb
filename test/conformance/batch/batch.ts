import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
import type { BatchReader } from "@drift-guard/core/ports";
import type { BatchCall } from "@drift-guard/embedded/batch/call";
import type { IamCall } from "@drift-guard/embedded/iam/call";
import { account, trustOf } from "../../builders.ts";

/** What AWS Batch answers, whoever runs it. */
type BatchDoorAnswer =
  | { readonly status: "done" }
  | { readonly status: "refused"; readonly code: string; readonly message: string };

/** AWS Batch under test, in `account`, which holds the service-linked role. */
export interface BatchDoor {
  call(region: string, call: BatchCall): Promise<BatchDoorAnswer>;
  /** A call to the account's IAM, which must succeed. */
  iam(call: IamCall): Promise<void>;
  readonly reader: BatchReader;
  close(): Promise<void>;
}

const region = "us-east-1";
const arnOf = (role: string) => `arn:aws:iam::${account}:role/${role}`;
const fresh = (name: string) => `${name}-${randomUUID().slice(0, 8)}`;

async function must(door: BatchDoor, call: BatchCall, where = region): Promise<void> {
  const answer = await door.call(where, call);
  assert.equal(answer.status === "refused" ? `${answer.code}: ${answer.message}` : "done", "done", call.call);
}

async function refused(door: BatchDoor, call: BatchCall): Promise<string> {
  const answer = await door.call(region, call);
  assert.equal(answer.status, "refused", `${call.call} was not refused`);
  return answer.message;
}

async function makeRole(door: BatchDoor, path = "/"): Promise<string> {
  const roleName = fresh("Role");
  const assumeRolePolicyDocument = trustOf("batch.amazonaws.com");
  await door.iam({ call: "CreateRole", roleName, path, assumeRolePolicyDocument });
  return roleName;
}

async function makeEnvironment(door: BatchDoor, serviceRole: string, where = region): Promise<string> {
  const computeEnvironmentName = fresh("environment");
  await must(
    door,
    { call: "CreateComputeEnvironment", computeEnvironmentName, type: "UNMANAGED", serviceRole },
    where,
  );
  return computeEnvironmentName;
}

async function collect<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

const container = { image: "busybox", vcpus: 1, memory: 128 };
const secret = `arn:aws:secretsmanager:us-east-1:${account}:secret:db-AbCdEf`;

type BatchRule = (door: BatchDoor) => Promise<void>;

const rules = {
  "reads an environment by its name, and none where there is none": async (door) => {
    const role = await makeRole(door, "/service-role/");
    const name = await makeEnvironment(door, arnOf(`service-role/${role}`));
    const read = await door.reader.environment(region, name);
    assert.deepEqual(read?.roles, [{ duty: "service", name: role, arn: arnOf(`service-role/${role}`) }]);
    assert.deepEqual([read.name, read.region, read.state, read.status], [name, region, "ENABLED", "VALID"]);
    assert.equal(await door.reader.environment(region, fresh("nothing")), undefined);
  },
  "lists the environments and queues of a region, and none of another's": async (door) => {
    const role = await makeRole(door);
    const here = await makeEnvironment(door, arnOf(role));
    const there = await makeEnvironment(door, arnOf(role), "eu-west-1");
    const jobQueueName = fresh("queue");
    const computeEnvironmentOrder = [{ order: 1, computeEnvironment: here }];
    await must(door, { call: "CreateJobQueue", jobQueueName, priority: 1, computeEnvironmentOrder });
    const names = (await collect(door.reader.environments(region))).map(({ name }) => name);
    assert.ok(names.includes(here) && !names.includes(there));
    const queues = await collect(door.reader.queues(region));
    const queue = queues.find(({ name }) => name === jobQueueName);
    assert.deepEqual(queue, { region, name: jobQueueName, environments: [here] });
    assert.ok((await collect(door.reader.environments("eu-west-1"))).some(({ name }) => name === there));
    assert.deepEqual(await collect(door.reader.queues("eu-west-1")), []);
  },
  "takes a bare name for a role without a path": async (door) => {
    const role = await makeRole(door);
    const read = await door.reader.environment(region, await makeEnvironment(door, role));
    assert.deepEqual(read?.roles, [{ duty: "service", name: role, arn: arnOf(role) }]);
  },
  "gives a managed environment without a service role the service-linked one": async (door) => {
    const computeEnvironmentName = fresh("environment");
    const answer = await door.call(region, {
      call: "CreateComputeEnvironment",
      computeEnvironmentName,
      type: "MANAGED",
    });
    assert.equal(answer.status, "done");
    const read = await door.reader.environment(region, computeEnvironmentName);
    assert.deepEqual(
      read?.roles.map((role) => role.duty === "service" && role.name),
      ["AWSServiceRoleForBatch"],
    );
  },
  "refuses an unmanaged environment without a service role": async (door) => {
    const computeEnvironmentName = fresh("environment");
    const call = { call: "CreateComputeEnvironment", computeEnvironmentName, type: "UNMANAGED" } as const;
    assert.match(await refused(door, call), /ServiceRole is required/);
  },
  "refuses a second environment of a name": async (door) => {
    const serviceRole = arnOf(await makeRole(door));
    const computeEnvironmentName = await makeEnvironment(door, serviceRole);
    const call = {
      call: "CreateComputeEnvironment",
      computeEnvironmentName,
      type: "UNMANAGED",
      serviceRole,
    } as const;
    await refused(door, call);
  },
  "shows an environment as INVALID once its role is gone, with the reason": async (door) => {
    const role = await makeRole(door);
    const name = await makeEnvironment(door, arnOf(role));
    await door.iam({ call: "DeleteRole", roleName: role });
    const read = await door.reader.environment(region, name);
    assert.equal(read?.status, "INVALID");
    assert.match(read.statusReason ?? "", /not authorized to perform: sts:AssumeRole on resource: arn:/);
  },
  "changes state and role, and shows it": async (door) => {
    const computeEnvironment = await makeEnvironment(door, arnOf(await makeRole(door)));
    const next = await makeRole(door);
    const serviceRole = arnOf(next);
    await must(door, {
      call: "UpdateComputeEnvironment",
      computeEnvironment,
      state: "DISABLED",
      serviceRole,
    });
    const read = await door.reader.environment(region, computeEnvironment);
    assert.equal(read?.state, "DISABLED");
    assert.deepEqual(read.roles, [{ duty: "service", name: next, arn: serviceRole }]);
  },
  "deletes a disabled environment": async (door) => {
    const computeEnvironment = await makeEnvironment(door, arnOf(await makeRole(door)));
    await must(door, { call: "UpdateComputeEnvironment", computeEnvironment, state: "DISABLED" });
    await must(door, { call: "DeleteComputeEnvironment", computeEnvironment });
    assert.equal(await door.reader.environment(region, computeEnvironment), undefined);
  },
  "does not delete an environment that is enabled": async (door) => {
    const computeEnvironment = await makeEnvironment(door, arnOf(await makeRole(door)));
    await refused(door, { call: "DeleteComputeEnvironment", computeEnvironment });
  },
  "keeps an environment DELETING whose role went first": async (door) => {
    const role = await makeRole(door);
    const computeEnvironment = await makeEnvironment(door, arnOf(role));
    await must(door, { call: "UpdateComputeEnvironment", computeEnvironment, state: "DISABLED" });
    await door.iam({ call: "DeleteRole", roleName: role });
    await must(door, { call: "DeleteComputeEnvironment", computeEnvironment });
    assert.equal((await door.reader.environment(region, computeEnvironment))?.status, "DELETING");
  },
  "numbers revisions, and reads those that are active": async (door) => {
    const jobDefinitionName = fresh("definition");
    const register: BatchCall = {
      call: "RegisterJobDefinition",
      jobDefinitionName,
      type: "container",
      containerProperties: {
        ...container,
        executionRoleArn: arnOf("E"),
        jobRoleArn: arnOf("J"),
        secrets: [{ name: "A", valueFrom: secret }],
      },
    };
    for (let count = 0; count < 3; count += 1) await must(door, register);
    await must(door, { call: "DeregisterJobDefinition", jobDefinition: `${jobDefinitionName}:2` });
    const read = await door.reader.definition(region, jobDefinitionName);
    assert.deepEqual(read.map(({ revision }) => revision).sort(), [1, 3]);
    const listed = (await collect(door.reader.definitions(region))).filter(
      ({ name }) => name === jobDefinitionName,
    );
    assert.equal(listed.length, 2);
    const [task] = read[0]?.tasks ?? [];
    assert.deepEqual([task?.execution, task?.job], ["E", "J"]);
    assert.deepEqual(
      task?.needs.map(({ resource }) => resource),
      [secret],
    );
    assert.deepEqual(await door.reader.definition("eu-west-1", jobDefinitionName), []);
  },
  "keeps a multi-node definition whole": async (door) => {
    const jobDefinitionName = fresh("nodes");
    const tasks = { taskProperties: [{ executionRoleArn: arnOf("T"), containers: [{ image: "busybox" }] }] };
    await must(door, {
      call: "RegisterJobDefinition",
      jobDefinitionName,
      type: "multinode",
      nodeProperties: {
        mainNode: 0,
        numNodes: 2,
        nodeRangeProperties: [
          { targetNodes: "0:0", container: { ...container, executionRoleArn: arnOf("N") } },
          { targetNodes: "1:1", ecsProperties: tasks },
        ],
      },
    });
    const [read] = await door.reader.definition(region, jobDefinitionName);
    assert.deepEqual(
      read?.tasks.map(({ execution }) => execution),
      ["N", "T"],
    );
  },
  "keeps the tasks of a definition of several containers": async (door) => {
    const jobDefinitionName = fresh("tasks");
    await must(door, {
      call: "RegisterJobDefinition",
      jobDefinitionName,
      type: "container",
      ecsProperties: {
        taskProperties: [{ executionRoleArn: arnOf("T"), taskRoleArn: arnOf("J"), containers: [container] }],
      },
    });
    const [read] = await door.reader.definition(region, jobDefinitionName);
    assert.deepEqual(
      read?.tasks.map(({ execution, job }) => [execution, job]),
      [["T", "J"]],
    );
  },
} satisfies Record<string, BatchRule>;

/** Rules that an implementation is known to break, each with the reason. They run, and must still be broken. */
export type BatchDiffers = Partial<Record<keyof typeof rules, string>>;

/** Holds AWS Batch, and its reader, to Batch's own rules on roles. */
export function describeBatch(
  name: string,
  open: () => Promise<BatchDoor>,
  differs: BatchDiffers = {},
): void {
  describe(`${name} as AWS Batch`, () => {
    const reasons = new Map(Object.entries(differs));
    let door: BatchDoor;
    before(async () => {
      door = await open();
    });
    after(async () => {
      await door.close();
    });
    for (const [sentence, keep] of Object.entries<BatchRule>(rules)) {
      const reason = reasons.get(sentence);
      if (reason === undefined) it(sentence, () => keep(door));
      else
        it(`does not keep "${sentence}": ${reason}`, () => assert.rejects(keep(door), assert.AssertionError));
    }
  });
}
