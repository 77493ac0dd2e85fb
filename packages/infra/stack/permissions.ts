/// <reference path="../../../.sst/platform/config.d.ts" />
import type { Config, GuardedRole } from "@drift-guard/core/config/config";
import { findReference, localiseReference } from "@drift-guard/core/reference/built-in";
import type { Place } from "./place.ts";

/** One statement of a function's role. */
export type Permission = sst.aws.FunctionPermissionArgs;

/** Reads of the guarded roles, at whatever path they stand, and of any policy that may be attached to them. */
export function readRoles(config: Config, place: Place): Permission[] {
  const arn = (resource: string) => iamArn(place, resource);
  return readRolesAt(
    Object.keys(config.roles).flatMap((name) => [arn(`role/${name}`), arn(`role/*/${name}`)]),
    place,
  );
}

/** Reads of any role: which ones AWS Batch uses is not known before it uses them. */
export function readAnyRole(place: Place): Permission[] {
  return readRolesAt([iamArn(place, "role/*")], place);
}

function readRolesAt(resources: $util.Output<string>[], place: Place): Permission[] {
  return [
    {
      actions: [
        "iam:GetRole",
        "iam:GetRolePolicy",
        "iam:ListAttachedRolePolicies",
        "iam:ListInstanceProfilesForRole",
        "iam:ListRolePolicies",
      ],
      resources,
    },
    { actions: ["iam:GetPolicy", "iam:GetPolicyVersion"], resources: anyPolicy(place) },
  ];
}

/** Reads of what AWS Batch uses roles for, in every region; Batch knows no narrower resource for these. */
export function readBatch(): Permission[] {
  return [
    {
      actions: [
        "batch:DescribeComputeEnvironments",
        "batch:DescribeJobDefinitions",
        "batch:DescribeJobQueues",
      ],
      resources: ["*"],
    },
  ];
}

/** Reads the ECS agents of the instances of Batch's clusters, which Batch names in a newer and an older way. */
export function readAgents({ partition, account }: Place): Permission[] {
  const ecs = (resource: string) => $interpolate`arn:${partition}:ecs:*:${account}:${resource}`;
  return [
    {
      actions: ["ecs:DescribeContainerInstances", "ecs:ListContainerInstances"],
      resources: [ecs("cluster/AWSBatch*"), ecs("cluster/*_Batch_*"), ecs("container-instance/*")],
    },
  ];
}

/**
 * Reads which policies and keys secrets and parameters have, in every region, and no value of any. KMS goes by the key
 * also where it is asked by an alias; Parameter Store knows no narrower resource for its list.
 */
export function readResources({ partition, account }: Place): Permission[] {
  return [
    {
      actions: ["secretsmanager:DescribeSecret", "secretsmanager:GetResourcePolicy"],
      resources: [$interpolate`arn:${partition}:secretsmanager:*:${account}:secret:*`],
    },
    {
      actions: ["kms:DescribeKey", "kms:GetKeyPolicy"],
      resources: [$interpolate`arn:${partition}:kms:*:${account}:key/*`],
    },
    { actions: ["ssm:DescribeParameters"], resources: ["*"] },
  ];
}

/** Finds the roles behind a policy or an instance profile that changed. */
export function findRoles(place: Place): Permission[] {
  return [{ actions: ["iam:ListEntitiesForPolicy"], resources: anyPolicy(place) }, ...readProfiles(place)];
}

/** Follows the deletion of a service-linked role, of Batch's or of another service. */
export function followDeletions(place: Place): Permission[] {
  return [
    {
      actions: ["iam:GetServiceLinkedRoleDeletionStatus"],
      resources: [iamArn(place, "role/aws-service-role/*")],
    },
  ];
}

/** Finds the role that an instance profile holds. */
export function readProfiles(place: Place): Permission[] {
  return [{ actions: ["iam:GetInstanceProfile"], resources: [iamArn(place, "instance-profile/*")] }];
}

function anyPolicy(place: Place) {
  return [iamArn(place, "policy/*"), `arn:${place.partition}:iam::aws:policy/*`];
}

function iamArn({ partition, account }: Place, resource: string): $util.Output<string> {
  return $interpolate`arn:${partition}:iam::${account}:${resource}`;
}

/** Reads of the account by pages; IAM knows no narrower resource for these. */
export function readAccount(): Permission[] {
  return [{ actions: ["iam:GetAccountAuthorizationDetails", "iam:ListRoles"], resources: ["*"] }];
}

/**
 * Writes on roles whose rollback the owner asked for, at the paths of the config and nowhere else; only the calls that
 * a plan holds, and only the references' own policies to attach. Service-linked roles are never among them.
 */
export function writeRoles(config: Config, place: Place): Permission[] {
  const arns = (name: string, { paths }: GuardedRole) =>
    paths
      .filter((path) => !path.startsWith("/aws-service-role/"))
      .map((path) => iamArn(place, `role${path}${name}`));
  return rolledBackRoles(config).flatMap(([name, role]): Permission[] => {
    const resources = arns(name, role);
    if (resources.length === 0) return [];
    const reference = findReference(role.reference ?? name, config.references);
    const attachments = reference ? localiseReference(reference, place.partition).attachments : [];
    return [
      { actions: ["iam:UpdateAssumeRolePolicy"], resources },
      ...(role.rollback.excess === "off"
        ? []
        : [{ actions: ["iam:DetachRolePolicy", "iam:DeleteRolePolicy"], resources }]),
      ...(role.rollback.missing === "off" || attachments.length === 0
        ? []
        : [
            {
              actions: ["iam:AttachRolePolicy"],
              resources,
              conditions: [
                {
                  test: "ArnEquals",
                  variable: "iam:PolicyARN",
                  values: attachments.map(({ arn }) => arn),
                },
              ],
            },
          ]),
    ];
  });
}

/** The roles that the owner lets the guard put back, on either side, service-linked ones left out. */
export function rolledBackRoles(config: Config): [string, GuardedRole][] {
  return Object.entries(config.roles).filter(
    ([name, { rollback, reference }]) =>
      (rollback.excess !== "off" || rollback.missing !== "off") &&
      findReference(reference ?? name, config.references)?.serviceLinked === undefined,
  );
}

/** Loads ledgers, and finds transitions as they are stored. */
export function readLedgers(findings: sst.aws.Dynamo): Permission[] {
  return [{ actions: ["dynamodb:Query"], resources: [findings.arn] }];
}

/** Commits ledgers; a transaction is authorised by what it holds. */
export function commitLedgers(findings: sst.aws.Dynamo): Permission[] {
  return [{ actions: ["dynamodb:DeleteItem", "dynamodb:PutItem"], resources: [findings.arn] }];
}

/** Finds the transitions that nobody marked as delivered. */
export function findUndelivered(findings: sst.aws.Dynamo): Permission[] {
  return [{ actions: ["dynamodb:Query"], resources: [$interpolate`${findings.arn}/index/byDue`] }];
}

/** Marks a transition as delivered, or to be delivered again. */
export function markDelivered(findings: sst.aws.Dynamo): Permission[] {
  return [{ actions: ["dynamodb:UpdateItem"], resources: [findings.arn] }];
}

/** Reads what people decided and what stops rollbacks. */
export function readControl(control: sst.aws.Dynamo): Permission[] {
  return [{ actions: ["dynamodb:Query"], resources: [control.arn] }];
}

/** Spends budgets and opens breakers. */
export function writeControl(control: sst.aws.Dynamo): Permission[] {
  return [{ actions: ["dynamodb:PutItem", "dynamodb:UpdateItem"], resources: [control.arn] }];
}

/** Takes messages off a queue. */
export function receiveFrom(queue: sst.aws.Queue): Permission[] {
  return [
    {
      actions: ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"],
      resources: [queue.arn],
    },
  ];
}

/** Puts messages on a queue. */
export function sendTo(queue: sst.aws.Queue): Permission[] {
  return [{ actions: ["sqs:SendMessage"], resources: [queue.arn] }];
}

/** Tells transitions on the guard's own bus. */
export function announceOn(bus: sst.aws.Bus): Permission[] {
  return [{ actions: ["events:PutEvents"], resources: [bus.arn] }];
}
