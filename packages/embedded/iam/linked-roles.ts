import type { DeletionStatus } from "@drift-guard/core/model/deletion";
import type { IamResult, LinkedRoleCall } from "./call.ts";
import { IamRefusedError } from "./refused-error.ts";
import { type DeletionTask, expectRole, findRole, type IamState, type StoredRole } from "./state.ts";

/** What a service's linked role is called, and which of AWS's policies it has (requirements 2.4, 2.5, 2.6; R14). */
interface LinkedService {
  readonly role: string;
  readonly policy: string;
  /** Whether an account may have several, told apart by a suffix of the caller's. */
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

/** Seconds until a removal has ended; AWS says only that it takes a while. */
const deletionSeconds = 5;

/** ARN of a service's linked role, whether or not it is there; of its usual name where no other is given. */
export function linkedRoleArn(
  state: IamState,
  service: string,
  name = linkedServices[service]?.role ?? "*",
): string {
  return `arn:${state.partition}:iam::${state.account}:role/aws-service-role/${service}/${name}`;
}

// Its service alone may assume it (R12).
function linkedRoleTrust(service: string): string {
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { Service: service }, Action: "sts:AssumeRole" }],
  });
}

/** Refuses a write to a service-linked role: AWS alone writes those, apart from tags and description (R20). */
export function refuseProtected(role: StoredRole): void {
  if (role.linkedTo === undefined) return;
  throw new IamRefusedError(
    "UnmodifiableEntity",
    `Cannot perform the operation on the protected role '${role.name}' - this role is only modifiable by AWS`,
  );
}

/** Makes a service-linked role, or begins to remove one; throws `IamRefusedError` and leaves everything as it was. */
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
    // IAM's own words are not known.
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
  // Asking again while the task runs gives the earlier task (API reference: DeleteServiceLinkedRole).
  const running = [...state.deletions.values()].find((task) => task.roleId === role.id && !task.outcome);
  if (running) return { kind: "deletion", taskId: running.id };
  const id = `task/aws-service-role/${role.linkedTo}/${role.name}/${state.ids.uuid()}`;
  const askedAt = state.clock.now();
  const endsAt = new Date(askedAt.getTime() + deletionSeconds * 1000);
  state.deletions.set(id, { id, roleId: role.id, roleName: role.name, askedAt, endsAt });
  return { kind: "deletion", taskId: id };
}

/** Ends the removals whose time has come: the role goes, or stays where resources still use it (R29, R34). */
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
  const occupation = state.usage.get(roleName.toLowerCase());
  if (!occupation || occupation.usage.length === 0) return { status: "SUCCEEDED" };
  return {
    status: "FAILED",
    reason: `The role ${roleName} is still used by resources; remove them and ask again.`,
    usage: occupation.reported,
  };
}

/** How a removal stands; refuses with NoSuchEntity where there is no such task. */
export function readDeletion(state: IamState, taskId: string): DeletionStatus {
  const task = state.deletions.get(taskId);
  if (!task) throw new IamRefusedError("NoSuchEntity", `The deletion task ${taskId} cannot be found.`);
  if (task.outcome) return task.outcome;
  return { status: state.clock.now() > task.askedAt ? "IN_PROGRESS" : "NOT_STARTED" };
}
