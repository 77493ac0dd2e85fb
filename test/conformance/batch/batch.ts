import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
import type { BatchReader } from "@drift-guard/core/ports";
import type { BatchCall } from "@drift-guard/embedded/batch/call";
import type { IamCall } from "@drift-guard/embedded/iam/call";
import { account, trustOf } from "../../builders.ts";

/** AWS Batch's answer to a call. */
type BatchFixtureAnswer =
  | { readonly status: "done" }
  | { readonly status: "refused"; readonly code: string; readonly message: string };

/** AWS Batch under test. Its account contains the service-linked role. */
export interface BatchFixture {
  call(region: string, call: BatchCall): Promise<BatchFixtureAnswer>;
  /** Makes a call to the account's IAM, which must succeed. */
  iam(call: IamCall): Promise<void>;
  readonly reader: BatchReader;
  close(): Promise<void>;
}

const region = "us-east-1";
const arnOf = (role: string) => `arn:aws:iam::${account}:role/${role}`;
const uniqueName = (name: string) => `${name}-${randomUUID().slice(0, 8)}`;

async function expectDone(batch: BatchFixture, call: BatchCall, where = region): Promise<void> {
  const answer = await batch.call(where, call);
  assert.equal(answer.status === "refused" ? `${answer.code}: ${answer.message}` : "done", "done", call.call);
}

async function expectRefused(batch: BatchFixture, call: BatchCall): Promise<string> {
  const answer = await batch.call(region, call);
  assert.equal(answer.status, "refused", `${call.call} was not refused`);
  return answer.message;
}

async function makeRole(batch: BatchFixture, path = "/"): Promise<string> {
  const roleName = uniqueName("Role");
  const assumeRolePolicyDocument = trustOf("batch.amazonaws.com");
  await batch.iam({ call: "CreateRole", roleName, path, assumeRolePolicyDocument });
  return roleName;
}

async function makeEnvironment(batch: BatchFixture, serviceRole: string, where = region): Promise<string> {
  const computeEnvironmentName = uniqueName("environment");
  await expectDone(
    batch,
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

type BatchRule = (batch: BatchFixture) => Promise<void>;

const rules = {
  "reads an environment by its name, and nothing for an unknown name": async (batch) => {
    const role = await makeRole(batch, "/service-role/");
    const name = await makeEnvironment(batch, arnOf(`service-role/${role}`));
    const read = await batch.reader.environment(region, name);
    assert.deepEqual(read?.roles, [{ duty: "service", name: role, arn: arnOf(`service-role/${role}`) }]);
    assert.deepEqual([read.name, read.region, read.state, read.status], [name, region, "ENABLED", "VALID"]);
    assert.equal(await batch.reader.environment(region, uniqueName("nothing")), undefined);
  },
  "lists the environments and queues of one region": async (batch) => {
    const role = await makeRole(batch);
    const here = await makeEnvironment(batch, arnOf(role));
    const there = await makeEnvironment(batch, arnOf(role), "eu-west-1");
    const jobQueueName = uniqueName("queue");
    const computeEnvironmentOrder = [{ order: 1, computeEnvironment: here }];
    await expectDone(batch, { call: "CreateJobQueue", jobQueueName, priority: 1, computeEnvironmentOrder });
    const names = (await collect(batch.reader.environments(region))).map(({ name }) => name);
    assert.ok(names.includes(here) && !names.includes(there));
    const queues = await collect(batch.reader.queues(region));
    const queue = queues.find(({ name }) => name === jobQueueName);
    assert.deepEqual(queue, { region, name: jobQueueName, environments: [here] });
    assert.ok((await collect(batch.reader.environments("eu-west-1"))).some(({ name }) => name === there));
    assert.deepEqual(await collect(batch.reader.queues("eu-west-1")), []);
  },
  "reads a bare role name as a role without a path": async (batch) => {
    const role = await makeRole(batch);
    const read = await batch.reader.environment(region, await makeEnvironment(batch, role));
    assert.deepEqual(read?.roles, [{ duty: "service", name: role, arn: arnOf(role) }]);
  },
  "uses the service-linked role for a managed environment without a service role": async (batch) => {
    const computeEnvironmentName = uniqueName("environment");
    const answer = await batch.call(region, {
      call: "CreateComputeEnvironment",
      computeEnvironmentName,
      type: "MANAGED",
    });
    assert.equal(answer.status, "done");
    const read = await batch.reader.environment(region, computeEnvironmentName);
    assert.deepEqual(
      read?.roles.map((role) => role.duty === "service" && role.name),
      ["AWSServiceRoleForBatch"],
    );
  },
  "refuses an unmanaged environment without a service role": async (batch) => {
    const computeEnvironmentName = uniqueName("environment");
    const call = { call: "CreateComputeEnvironment", computeEnvironmentName, type: "UNMANAGED" } as const;
    assert.match(await expectRefused(batch, call), /ServiceRole is required/);
  },
  "refuses a second environment of the same name": async (batch) => {
    const serviceRole = arnOf(await makeRole(batch));
    const computeEnvironmentName = await makeEnvironment(batch, serviceRole);
    const call = {
      call: "CreateComputeEnvironment",
      computeEnvironmentName,
      type: "UNMANAGED",
      serviceRole,
    } as const;
    await expectRefused(batch, call);
  },
  "shows an environment as INVALID after its role is deleted, with the reason": async (batch) => {
    const role = await makeRole(batch);
    const name = await makeEnvironment(batch, arnOf(role));
    await batch.iam({ call: "DeleteRole", roleName: role });
    const read = await batch.reader.environment(region, name);
    assert.equal(read?.status, "INVALID");
    assert.match(read.statusReason ?? "", /not authorized to perform: sts:AssumeRole on resource: arn:/);
  },
  "changes the state and the role of an environment": async (batch) => {
    const computeEnvironment = await makeEnvironment(batch, arnOf(await makeRole(batch)));
    const next = await makeRole(batch);
    const serviceRole = arnOf(next);
    await expectDone(batch, {
      call: "UpdateComputeEnvironment",
      computeEnvironment,
      state: "DISABLED",
      serviceRole,
    });
    const read = await batch.reader.environment(region, computeEnvironment);
    assert.equal(read?.state, "DISABLED");
    assert.deepEqual(read.roles, [{ duty: "service", name: next, arn: serviceRole }]);
  },
  "deletes a disabled environment": async (batch) => {
    const computeEnvironment = await makeEnvironment(batch, arnOf(await makeRole(batch)));
    await expectDone(batch, { call: "UpdateComputeEnvironment", computeEnvironment, state: "DISABLED" });
    await expectDone(batch, { call: "DeleteComputeEnvironment", computeEnvironment });
    assert.equal(await batch.reader.environment(region, computeEnvironment), undefined);
  },
  "refuses to delete an enabled environment": async (batch) => {
    const computeEnvironment = await makeEnvironment(batch, arnOf(await makeRole(batch)));
    await expectRefused(batch, { call: "DeleteComputeEnvironment", computeEnvironment });
  },
  "keeps an environment in DELETING if its role was deleted first": async (batch) => {
    const role = await makeRole(batch);
    const computeEnvironment = await makeEnvironment(batch, arnOf(role));
    await expectDone(batch, { call: "UpdateComputeEnvironment", computeEnvironment, state: "DISABLED" });
    await batch.iam({ call: "DeleteRole", roleName: role });
    await expectDone(batch, { call: "DeleteComputeEnvironment", computeEnvironment });
    assert.equal((await batch.reader.environment(region, computeEnvironment))?.status, "DELETING");
  },
  "numbers revisions and reads the active ones": async (batch) => {
    const jobDefinitionName = uniqueName("definition");
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
    for (let count = 0; count < 3; count += 1) await expectDone(batch, register);
    await expectDone(batch, { call: "DeregisterJobDefinition", jobDefinition: `${jobDefinitionName}:2` });
    const read = await batch.reader.definition(region, jobDefinitionName);
    assert.deepEqual(read.map(({ revision }) => revision).sort(), [1, 3]);
    const listed = (await collect(batch.reader.definitions(region))).filter(
      ({ name }) => name === jobDefinitionName,
    );
    assert.equal(listed.length, 2);
    const [task] = read[0]?.tasks ?? [];
    assert.deepEqual([task?.execution?.name, task?.job?.name], ["E", "J"]);
    assert.deepEqual(
      task?.needs.map(({ resource }) => resource),
      [secret],
    );
    assert.deepEqual(await batch.reader.definition("eu-west-1", jobDefinitionName), []);
  },
  "keeps every node range of a multi-node definition": async (batch) => {
    const jobDefinitionName = uniqueName("nodes");
    const tasks = { taskProperties: [{ executionRoleArn: arnOf("T"), containers: [{ image: "busybox" }] }] };
    await expectDone(batch, {
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
    const [read] = await batch.reader.definition(region, jobDefinitionName);
    assert.deepEqual(
      read?.tasks.map(({ execution }) => execution?.name),
      ["N", "T"],
    );
  },
  "keeps the tasks of a definition with several containers": async (batch) => {
    const jobDefinitionName = uniqueName("tasks");
    await expectDone(batch, {
      call: "RegisterJobDefinition",
      jobDefinitionName,
      type: "container",
      ecsProperties: {
        taskProperties: [{ executionRoleArn: arnOf("T"), taskRoleArn: arnOf("J"), containers: [container] }],
      },
    });
    const [read] = await batch.reader.definition(region, jobDefinitionName);
    assert.deepEqual(
      read?.tasks.map(({ execution, job }) => [execution?.name, job?.name]),
      [["T", "J"]],
    );
  },
} satisfies Record<string, BatchRule>;

/** Rules that an implementation breaks, with the reason. They run too, and fail once the implementation keeps them. */
export type BatchDifferences = Partial<Record<keyof typeof rules, string>>;

/** Tests AWS Batch and its reader against Batch's rules on roles. */
export function describeBatch(
  name: string,
  open: () => Promise<BatchFixture>,
  knownDifferences: BatchDifferences = {},
): void {
  describe(`${name} as AWS Batch`, () => {
    const reasons = new Map(Object.entries(knownDifferences));
    let batch: BatchFixture;
    before(async () => {
      batch = await open();
    });
    after(async () => {
      await batch.close();
    });
    for (const [rule, check] of Object.entries<BatchRule>(rules)) {
      const reason = reasons.get(rule);
      if (reason === undefined) it(rule, () => check(batch));
      else it(`breaks "${rule}": ${reason}`, () => assert.rejects(check(batch), assert.AssertionError));
    }
  });
}
