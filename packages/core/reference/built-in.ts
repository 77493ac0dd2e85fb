import autoScalingServiceLinkedRole from "./built-in/auto-scaling-service-linked-role.json" with {
  type: "json",
};
import batchSagemakerServiceLinkedRole from "./built-in/batch-sagemaker-service-linked-role.json" with {
  type: "json",
};
import batchServiceLinkedRole from "./built-in/batch-service-linked-role.json" with { type: "json" };
import batchServiceRole from "./built-in/batch-service-role.json" with { type: "json" };
import ec2SpotFleetServiceLinkedRole from "./built-in/ec2-spot-fleet-service-linked-role.json" with {
  type: "json",
};
import ec2SpotServiceLinkedRole from "./built-in/ec2-spot-service-linked-role.json" with { type: "json" };
import ecsComputeServiceLinkedRole from "./built-in/ecs-compute-service-linked-role.json" with {
  type: "json",
};
import ecsInfrastructureRole from "./built-in/ecs-infrastructure-role.json" with { type: "json" };
import ecsInstanceRole from "./built-in/ecs-instance-role.json" with { type: "json" };
import ecsManagedInstanceRole from "./built-in/ecs-managed-instance-role.json" with { type: "json" };
import ecsServiceLinkedRole from "./built-in/ecs-service-linked-role.json" with { type: "json" };
import ecsTaskExecutionRole from "./built-in/ecs-task-execution-role.json" with { type: "json" };
import eventTargetRole from "./built-in/event-target-role.json" with { type: "json" };
import spotFleetTaggingRole from "./built-in/spot-fleet-tagging-role.json" with { type: "json" };
import { type Reference, Reference as ReferenceSchema } from "./reference.ts";

const sources = [
  batchServiceRole,
  batchServiceLinkedRole,
  ecsTaskExecutionRole,
  batchSagemakerServiceLinkedRole,
  ecsInstanceRole,
  spotFleetTaggingRole,
  eventTargetRole,
  ecsInfrastructureRole,
  ecsManagedInstanceRole,
  ec2SpotServiceLinkedRole,
  ec2SpotFleetServiceLinkedRole,
  autoScalingServiceLinkedRole,
  ecsServiceLinkedRole,
  ecsComputeServiceLinkedRole,
];

// Each is parsed when it is first asked for: parsing them all would take a tenth of the start of a function.
const parsed = new Map<unknown, Reference>();

function parseSource(source: (typeof sources)[number]): Reference {
  const reference = parsed.get(source) ?? ReferenceSchema.parse(source);
  parsed.set(source, reference);
  return reference;
}

let all: readonly Reference[] | undefined;

/** Returns the built-in references, taken from AWS's pages and policies; each has its source and date. */
export function builtInReferences(): readonly Reference[] {
  all ??= sources.map(parseSource);
  return all;
}

function findBuiltIn(key: string): Reference | undefined {
  const source = sources.find(({ role }) => role.toLowerCase() === key);
  return source && parseSource(source);
}

const none: readonly Reference[] = [];

/** Returns the reference of a name, which is compared without case: the owner's own, else a built-in one, else undefined. */
export function findReference(name: string, own: readonly Reference[] = none): Reference | undefined {
  const key = name.toLowerCase();
  return indexByName(own).get(key) ?? findBuiltIn(key);
}

// A configuration can hold a reference for each of thousands of roles, so that a list is searched once.
const indexes = new WeakMap<readonly Reference[], ReadonlyMap<string, Reference>>();

/** Returns references by their lower-cased names; the first of a name counts. */
function indexByName(references: readonly Reference[]): ReadonlyMap<string, Reference> {
  const known = indexes.get(references);
  if (known) return known;
  const index = new Map<string, Reference>();
  for (const reference of references) {
    const key = reference.role.toLowerCase();
    if (!index.has(key)) index.set(key, reference);
  }
  indexes.set(references, index);
  return index;
}

/**
 * Returns the reference with its ARNs in a partition, such as `aws-cn`: the guide prints `arn:aws:` throughout (T7). The
 * ids of policy versions stay those of the partition that they were counted in.
 */
export function localiseReference(reference: Reference, partition: string): Reference {
  const { partition: own = "aws", ...rest } = reference;
  if (partition === own) return reference;
  const localise = (text: string) => text.replaceAll(`arn:${own}:`, `arn:${partition}:`);
  const { floor, allowed, boundary } = reference;
  return {
    ...rest,
    ...(partition !== "aws" && { partition }),
    trust: localise(reference.trust),
    attachments: reference.attachments.map(({ versions, ...attachment }) => ({
      ...attachment,
      arn: localise(attachment.arn),
      document: localise(attachment.document),
      ...(versions && {
        versions: versions.map(({ adds, ...version }) => ({
          ...version,
          ...(adds !== undefined && { adds: localise(adds) }),
        })),
      }),
    })),
    ...(floor && { floor: { ...floor, document: localise(floor.document) } }),
    ...(allowed && { allowed: { ...allowed, document: localise(allowed.document) } }),
    ...(typeof boundary === "object" && {
      boundary: {
        arn: localise(boundary.arn),
        ...(boundary.document !== undefined && { document: localise(boundary.document) }),
      },
    }),
    retired: reference.retired.map((policy) => ({ ...policy, arn: localise(policy.arn) })),
  };
}
