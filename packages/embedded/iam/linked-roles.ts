import type { DeletionStatus } from "@drift-guard/core/model/deletion";
import type { IamResult, LinkedRoleCall } from "./call.ts";
import { IamRefusedError } from "./refused-error.ts";
import { type DeletionTask, expectRole, findRole, type IamState, type StoredRole } from "./state.ts";

/** The name of a service's linked role, and the AWS-managed policy that it has (2.4, 2.5, 2.6; R14). */
interface LinkedService {
  readonly role: string;
  readonly policy: string;
  /** Set if an account may have several such roles, each with its own suffix. */
  readonly suffixed?: true;
}

const linkedServices: Readonly<Record<string, LinkedService>> = {
  "batch.amazonaws.com": {
    role: "AWSServiceRoleForBatch",
    policy: "BatchServiceRolePolicy",
  },
  "sagemaker-queuing.batch.amazonaws.com": {
    role: "AWSServiceRoleForAWSBatchWithSagemaker",
    policy: "AWSBatchServiceRolePolicyForSageMaker",
  },
  "spot.amazonaws.com": {
    role: "AWSServiceRoleForEC2Spot",
    policy: "AWSEC2SpotServiceRolePolicy",
  },
  "spotfleet.amazonaws.com": {
    role: "AWSServiceRoleForEC2SpotFleet",
    policy: "AWSEC2SpotFleetServiceRolePolicy",
  },
  "autoscaling.amazonaws.com": {
    role: "AWSServiceRoleForAutoScaling",
    policy: "AutoScalingServiceRolePolicy",
    suffixed: true,
  },
  "ecs.amazonaws.com": {
    role: "AWSServiceRoleForECS",
    policy: "AmazonECSServiceRolePolicy",
  },
  "ecs-compute.amazonaws.com": {
    role: "AWSServiceRoleForECSCompute",
    policy: "AmazonECSComputeServiceRolePolicy",
  },
};

// AWS gives no figure for the duration of a deletion.
const deletionSeconds = 5;

/** Returns the ARN of a service's linked role, which need not exist. `name` defaults to the service's usual name. */
export function linkedRoleArn(
  state: IamState,
  service: string,
  name = linkedServices[service]?.role ?? "*",
): string {
  return `arn:${state.partition}:iam::${state.account}:role/aws-service-role/${service}/${name}`;
}

// Only the service may assume the role (R12).
function linkedRoleTrust(service: string): string {
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { Service: service }, Action: "sts:AssumeRole" }],
  });
}

/**
 * Throws `IamRefusedError` with `UnmodifiableEntity` if the role is service-linked: only AWS may write it, apart from tags
 * and description (R20).
 */
export function refuseProtected(role: StoredRole): void {
  if (role.linkedTo === undefined) return;
  throw new IamRefusedError(
    "UnmodifiableEntity",
    `Cannot perform the operation on the protected role '${role.name}' - this role is only modifiable by AWS`,
  );
}

/** Creates a service-linked role, or starts a deletion. Throws `IamRefusedError` and then changes nothing. */
export function callLinkedRole(state: IamState, call: LinkedRoleCall): IamResult {
  switch (call.call) {
    case "CreateServiceLinkedRole":
      return createLinkedRole(state, call);
    case "DeleteServiceLinkedRole":
      return deleteLinkedRole(state, call.roleName);
  }
}

function createLinkedRole(
  state: IamState,
  call: Extract<LinkedRoleCall, { call: "CreateServiceLinkedRole" }>,
): IamResult {
  const service = call.awsServiceName;
  const linked = Object.hasOwn(linkedServices, service) ? linkedServices[service] : undefined;
  if (!linked) {
    // IAM's own message is unknown.
    throw new IamRefusedError("InvalidInput", `The service ${service} has no service-linked role.`);
  }
  if (call.customSuffix !== undefined && !linked.suffixed) {
    throw new IamRefusedError("InvalidInput", `Custom suffix is not allowed for ${service}`);
  }
  const name = call.customSuffix === undefined ? linked.role : `${linked.role}_${call.customSuffix}`;
  if (findRole(state, name)) {
    throw new IamRefusedError(
      "InvalidInput",
      `Service role name ${name} has been taken in this account, please try a different suffix.`,
    );
  }
  const role: StoredRole = {
    name,
    id: state.ids.entity("AROA"),
    path: `/aws-service-role/${service}/`,
    arn: linkedRoleArn(state, service, name),
    linkedTo: service,
    trust: linkedRoleTrust(service),
    trusted: new Map(),
    description: call.description ?? "",
    maxSession: 3600,
    attached: new Set([`arn:${state.partition}:iam::aws:policy/aws-service-role/${linked.policy}`]),
    inline: new Map(),
    tags: new Map(),
  };
  state.roles.push(role);
  return { kind: "role", name: role.name, arn: role.arn, id: role.id };
}

function deleteLinkedRole(state: IamState, name: string): IamResult {
  const role = expectRole(state, name);
  if (role.linkedTo === undefined) {
    throw new IamRefusedError("NoSuchEntity", `The role with name ${name} cannot be found.`);
  }
  // While a deletion runs, IAM returns its task (docs/aws-facts.md, "Service-linked roles").
  const running = [...state.deletions.values()].find((task) => task.roleId === role.id && !task.outcome);
  if (running) return { kind: "deletion", taskId: running.id };
  const id = `task/aws-service-role/${role.linkedTo}/${role.name}/${state.ids.uuid()}`;
  const startedAt = state.clock.now();
  const endsAt = new Date(startedAt.getTime() + deletionSeconds * 1000);
  state.deletions.set(id, { id, roleId: role.id, roleName: role.name, startedAt, endsAt });
  return { kind: "deletion", taskId: id };
}

/** Ends the deletions that are due: the role is deleted, or stays if resources still use it (R29, R34). */
export function completeDeletions(state: IamState): void {
  const now = state.clock.now();
  for (const task of state.deletions.values()) {
    if (task.outcome || task.endsAt > now) continue;
    task.outcome = outcomeOf(state, task);
    const at = state.roles.findIndex((role) => role.id === task.roleId);
    if (task.outcome.status === "SUCCEEDED" && at >= 0) state.roles.splice(at, 1);
  }
}

function outcomeOf(state: IamState, { roleName }: DeletionTask): DeletionStatus {
  const current = state.usage.get(roleName.toLowerCase());
  if (!current || current.usage.length === 0) return { status: "SUCCEEDED" };
  return {
    status: "FAILED",
    reason: `The role ${roleName} is still used by resources. Delete them and try again.`,
    usage: current.reported,
  };
}

/** Returns the status of a deletion. Throws `IamRefusedError` with `NoSuchEntity` if there is no such task. */
export function readDeletion(state: IamState, taskId: string): DeletionStatus {
  const task = state.deletions.get(taskId);
  if (!task) throw new IamRefusedError("NoSuchEntity", `The deletion task ${taskId} cannot be found.`);
  if (task.outcome) return task.outcome;
  return { status: state.clock.now() > task.startedAt ? "IN_PROGRESS" : "NOT_STARTED" };
}
