import { readDefinitionName } from "@drift-guard/core/batch/batch";
import { linkedRoleArn, linkedRoles } from "@drift-guard/core/linked-role/linked-role";
import { lastSegment } from "@drift-guard/core/model/arn";
import type { ApiCaller } from "../iam/caller.ts";
import type { BatchCall, ComputeResources } from "./call.ts";
import { BatchRefusedError, type BatchState, expectEnvironment, findEnvironment } from "./state.ts";

type Result = Readonly<Record<string, string | number>>;

/** Carries out a call in a region. Throws `BatchRefusedError` and then changes nothing. */
export async function carryOutBatch(
  state: BatchState,
  region: string,
  call: BatchCall,
  by: ApiCaller,
): Promise<Result> {
  switch (call.call) {
    case "CreateComputeEnvironment":
      return createEnvironment(state, region, call, by);
    case "UpdateComputeEnvironment":
      return updateEnvironment(state, region, call);
    case "DeleteComputeEnvironment":
      return deleteEnvironment(state, region, call.computeEnvironment);
    case "CreateJobQueue":
      return createQueue(state, region, call);
    case "DeleteJobQueue": {
      const name = lastSegment(call.jobQueue);
      const at = state.queues.findIndex((one) => one.region === region && one.jobQueueName === name);
      if (at >= 0) state.queues.splice(at, 1);
      return {};
    }
    case "RegisterJobDefinition":
      return registerDefinition(state, region, call);
    case "DeregisterJobDefinition": {
      const { name, revision } = readDefinitionName(call.jobDefinition);
      for (const one of state.definitions) {
        const same = one.region === region && one.jobDefinitionName === name;
        if (same && one.revision === revision) one.status = "INACTIVE";
      }
      return {};
    }
  }
}

type Create = Extract<BatchCall, { call: "CreateComputeEnvironment" }>;

async function createEnvironment(
  state: BatchState,
  region: string,
  call: Create,
  by: ApiCaller,
): Promise<Result> {
  const { computeEnvironmentName: name, type } = call;
  checkName("computeEnvironmentName", name);
  if (findEnvironment(state, region, name)) throw new BatchRefusedError("Object already exists");
  if (call.computeResources) checkResources(call.computeResources);
  const serviceRole = await serviceRoleOf(state, call, by);
  const computeEnvironmentArn = arnOf(state, region, `compute-environment/${name}`);
  state.environments.push({
    region,
    computeEnvironmentName: name,
    computeEnvironmentArn,
    type,
    state: call.state ?? "ENABLED",
    serviceRole,
    ...(call.computeResources && { computeResources: call.computeResources }),
    ...(call.eksConfiguration && { eksConfiguration: call.eksConfiguration }),
  });
  return { computeEnvironmentName: name, computeEnvironmentArn };
}

// Without a service role, or with an empty one, Batch creates and uses its service-linked role, for managed environments
// only (R17, 2.11).
async function serviceRoleOf(
  state: BatchState,
  { serviceRole, type }: Create,
  by: ApiCaller,
): Promise<string> {
  if (serviceRole) return resolveRole(state, serviceRole);
  if (type === "UNMANAGED") throw new BatchRefusedError("ServiceRole is required.");
  const [linked] = linkedRoles;
  if (!linked) throw new BatchRefusedError("AWS Batch has no service-linked role.");
  const { status } = await state.iam.reader({ kind: "root" }).read(linked.name);
  if (status === "absent") {
    const awsServiceName = linked.service;
    state.iam.call({ call: "CreateServiceLinkedRole", awsServiceName }, { ...by, via: awsServiceName });
  }
  return linkedRoleArn(linked, state.iam);
}

// Batch takes a bare name for a role without a path, whatever the path of the role is (2.8).
function resolveRole({ iam: { partition, account } }: BatchState, text: string): string {
  return text.startsWith("arn:") ? text : `arn:${partition}:iam::${account}:role/${text.replace(/^\/+/, "")}`;
}

// Which environments need an instance role or a Spot Fleet role, and which must not have one (2.1, 2.2).
function checkResources({
  type,
  instanceRole,
  spotIamFleetRole,
  allocationStrategy,
}: ComputeResources): void {
  if ((type === "EC2" || type === "SPOT") && !instanceRole) {
    throw new BatchRefusedError("Error executing request, Exception : Instance role is required.");
  }
  if (type.startsWith("FARGATE") && instanceRole) {
    throw new BatchRefusedError(
      "Error executing request, Exception : instanceRole is not applicable for Fargate.",
    );
  }
  const bestFit = allocationStrategy === undefined || allocationStrategy === "BEST_FIT";
  if (type === "SPOT" && bestFit && !spotIamFleetRole) {
    throw new BatchRefusedError("Error executing request, Exception : Spot IAM Fleet Role is required.");
  }
}

function updateEnvironment(
  state: BatchState,
  region: string,
  call: Extract<BatchCall, { call: "UpdateComputeEnvironment" }>,
): Result {
  const environment = expectEnvironment(state, region, call.computeEnvironment);
  if (call.serviceRole !== undefined) {
    const next = resolveRole(state, call.serviceRole);
    // An environment keeps the kind of role that it was created with (2.11).
    if (isLinked(next) !== isLinked(environment.serviceRole)) {
      throw new BatchRefusedError(
        "Error executing request, Exception : You cannot change between a service-linked role and another service role.",
      );
    }
    environment.serviceRole = next;
  }
  if (call.state) environment.state = call.state;
  if (call.computeResources) {
    environment.computeResources = { ...environment.computeResources, ...call.computeResources };
  }
  const { computeEnvironmentName, computeEnvironmentArn } = environment;
  return { computeEnvironmentName, computeEnvironmentArn };
}

function isLinked(arn: string): boolean {
  return arn.includes(":role/aws-service-role/");
}

function deleteEnvironment(state: BatchState, region: string, nameOrArn: string): Result {
  const environment = expectEnvironment(state, region, nameOrArn);
  const used = state.queues.some(
    (queue) =>
      queue.region === region &&
      queue.computeEnvironmentOrder.some(
        (one) => lastSegment(one.computeEnvironment) === environment.computeEnvironmentName,
      ),
  );
  if (used) throw new BatchRefusedError("Cannot delete, found existing JobQueue relationship");
  if (environment.state !== "DISABLED") {
    throw new BatchRefusedError("Cannot delete, resource must be disabled (current state: ENABLED)");
  }
  environment.deleting = true;
  return {};
}

function createQueue(
  state: BatchState,
  region: string,
  call: Extract<BatchCall, { call: "CreateJobQueue" }>,
): Result {
  const { jobQueueName, computeEnvironmentOrder } = call;
  checkName("jobQueueName", jobQueueName);
  const order = computeEnvironmentOrder.map(({ order: number, computeEnvironment }) => ({
    order: number,
    computeEnvironment: expectEnvironment(state, region, computeEnvironment).computeEnvironmentArn,
  }));
  const jobQueueArn = arnOf(state, region, `job-queue/${jobQueueName}`);
  state.queues.push({ region, jobQueueName, jobQueueArn, computeEnvironmentOrder: order });
  return { jobQueueName, jobQueueArn };
}

function registerDefinition(
  state: BatchState,
  region: string,
  { call: _, ...parameters }: Extract<BatchCall, { call: "RegisterJobDefinition" }>,
): Result {
  const { jobDefinitionName } = parameters;
  checkName("jobDefinitionName", jobDefinitionName);
  const before = state.definitions.filter(
    (one) => one.region === region && one.jobDefinitionName === jobDefinitionName,
  );
  const revision = Math.max(0, ...before.map((one) => one.revision)) + 1;
  const jobDefinitionArn = arnOf(state, region, `job-definition/${jobDefinitionName}:${revision}`);
  state.definitions.push({
    region,
    jobDefinitionName,
    jobDefinitionArn,
    revision,
    status: "ACTIVE",
    parameters,
  });
  return { jobDefinitionName, jobDefinitionArn, revision };
}

function arnOf({ iam: { partition, account } }: BatchState, region: string, resource: string): string {
  return `arn:${partition}:batch:${region}:${account}:${resource}`;
}

function checkName(parameter: string, name: string): void {
  if (/^[A-Za-z0-9][\w-]{0,127}$/.test(name)) return;
  throw new BatchRefusedError(
    `Error executing request, Exception : ${parameter} should match valid pattern: up to 128 letters, numbers, hyphens and underscores`,
  );
}
