import * as z from "zod";
import { lastSegment } from "../model/arn.ts";
import {
  type BatchPlace,
  type ComputeEnvironment,
  type EnvironmentRole,
  type JobQueue,
  optionalText,
  readRole,
} from "./batch.ts";
import type { InstanceDuty } from "./role-use.ts";

const resources = z
  .looseObject({
    type: optionalText,
    instanceRole: optionalText,
    spotIamFleetRole: optionalText,
    managedInstancesProvider: z
      .looseObject({
        infrastructureRoleArn: optionalText,
        instanceLaunchTemplate: z
          .looseObject({ ec2InstanceProfileArn: optionalText })
          .optional()
          .catch(undefined),
      })
      .optional()
      .catch(undefined),
  })
  .optional()
  .catch(undefined);

// Requests call the name `computeEnvironment` or `computeEnvironmentName`, responses the latter; all else is alike.
const Environment = z.looseObject({
  computeEnvironmentName: optionalText,
  computeEnvironment: optionalText,
  type: optionalText,
  state: optionalText,
  status: optionalText,
  statusReason: optionalText,
  serviceRole: optionalText,
  ecsClusterArn: optionalText,
  containerOrchestrationType: optionalText,
  eksConfiguration: z.unknown().optional(),
  computeResources: resources,
});

/** The name of AWS Batch's service-linked role (R14). */
const linkedRole = "AWSServiceRoleForBatch";

/**
 * Reads a compute environment from the parameters of CreateComputeEnvironment or UpdateComputeEnvironment, or from an
 * item of DescribeComputeEnvironments. Undefined if the value has no name.
 *
 * UpdateComputeEnvironment carries only what it changes, so the result may lack roles.
 */
export function parseComputeEnvironment(value: unknown, place: BatchPlace): ComputeEnvironment | undefined {
  const parsed = Environment.safeParse(value);
  if (!parsed.success) return undefined;
  const { type, state, status, statusReason, ecsClusterArn: cluster, computeResources } = parsed.data;
  const onEks = parsed.data.containerOrchestrationType === "EKS" || parsed.data.eksConfiguration != null;
  const name = parsed.data.computeEnvironmentName ?? parsed.data.computeEnvironment;
  if (name === undefined) return undefined;
  return {
    region: place.region,
    name: lastSegment(name),
    state: state ?? "ENABLED",
    status: status ?? "CREATING",
    ...(statusReason !== undefined && { statusReason }),
    ...(cluster !== undefined && !onEks && !hasAgentOfAws(computeResources?.type) && { cluster }),
    roles: [
      ...serviceRoleOf(parsed.data.serviceRole, type, place),
      ...resourceRolesOf(computeResources, onEks ? "eks-node" : "instance", place),
    ],
  };
}

// AWS keeps the ECS agent of Fargate and of managed instances up to date.
function hasAgentOfAws(type: string | undefined): boolean {
  return type?.startsWith("FARGATE") === true || type === "ECS_MANAGED_INSTANCES";
}

// R17: a managed environment without a service role, or with an empty one, uses the service-linked role.
function serviceRoleOf(
  text: string | undefined,
  type: string | undefined,
  place: BatchPlace,
): readonly EnvironmentRole[] {
  if (text !== undefined) return namedRole("service", text, place);
  if (type !== "MANAGED") return [];
  const path = "aws-service-role/batch.amazonaws.com/";
  return [{ duty: "service", name: linkedRole, arn: roleArn(`${path}${linkedRole}`, place) }];
}

function resourceRolesOf(
  given: z.infer<typeof resources>,
  duty: "instance" | "eks-node",
  place: BatchPlace,
): readonly EnvironmentRole[] {
  const { instanceRole, spotIamFleetRole, managedInstancesProvider: provider } = given ?? {};
  return [
    ...profileRole(duty, instanceRole),
    ...profileRole("managed-instance", provider?.instanceLaunchTemplate?.ec2InstanceProfileArn),
    ...(spotIamFleetRole === undefined ? [] : namedRole("spot-fleet", spotIamFleetRole, place)),
    ...(provider?.infrastructureRoleArn === undefined
      ? []
      : namedRole("infrastructure", provider.infrastructureRoleArn, place)),
  ];
}

function profileRole(duty: InstanceDuty, profile: string | undefined): readonly EnvironmentRole[] {
  return profile === undefined ? [] : [{ duty, profile: lastSegment(profile) }];
}

function namedRole(
  duty: Extract<EnvironmentRole, { name: string }>["duty"],
  text: string,
  place: BatchPlace,
): readonly EnvironmentRole[] {
  const role = readRole(text, place);
  // AWS Batch reads a bare name as a role at path /, wherever the role is (2.8).
  return role ? [{ ...role, duty, arn: role.arn ?? roleArn(text.replace(/^\/+/, ""), place) }] : [];
}

function roleArn(path: string, { partition, account }: BatchPlace): string {
  return `arn:${partition}:iam::${account}:role/${path}`;
}

const Queue = z.looseObject({
  jobQueueName: z.string().min(1),
  computeEnvironmentOrder: z
    .array(z.looseObject({ order: z.number().catch(0), computeEnvironment: optionalText }))
    .optional()
    .catch(undefined),
});

/** Reads a job queue from an item of DescribeJobQueues. Undefined if the value has no name. */
export function parseJobQueue(value: unknown, { region }: BatchPlace): JobQueue | undefined {
  const parsed = Queue.safeParse(value);
  if (!parsed.success) return undefined;
  const { jobQueueName, computeEnvironmentOrder = [] } = parsed.data;
  return {
    region,
    name: jobQueueName,
    environments: computeEnvironmentOrder
      .toSorted((a, b) => a.order - b.order)
      .flatMap(({ computeEnvironment }) =>
        computeEnvironment === undefined ? [] : [lastSegment(computeEnvironment)],
      ),
  };
}
