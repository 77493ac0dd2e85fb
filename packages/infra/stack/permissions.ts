/// <reference path="../../../.sst/platform/config.d.ts" />
import type { Config } from "@drift-guard/core/config/config";
import { watchesPatterns } from "@drift-guard/core/config/watched-role";
import type { GuardLocation } from "./location.ts";

/** One statement of a function's role. */
export type Permission = Omit<sst.aws.FunctionPermissionArgs, "conditions"> & {
  readonly conditions?: Condition[];
};

/** One condition of a statement: an operator, a condition key and its values. */
interface Condition {
  readonly test: string;
  readonly variable: string;
  readonly values: string[];
}

/** Allows reading roles with these ARNs, and every managed policy, since any may be attached to them. */
export function allowRoleReads(resources: $util.Output<string>[], location: GuardLocation): Permission[] {
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
    { actions: ["iam:GetPolicy", "iam:GetPolicyVersion"], resources: anyPolicyArn(location) },
  ];
}

/** Allows reading every role: which roles AWS Batch uses is known only once it uses them. */
export function allowAnyRoleReads(location: GuardLocation): Permission[] {
  return allowRoleReads([iamArn(location, "role/*")], location);
}

/** Allows reading the account's roles by pages. The call supports no narrower resource. */
export function allowAccountReads(): Permission[] {
  return [{ actions: ["iam:GetAccountAuthorizationDetails"], resources: ["*"] }];
}

/** Allows listing the names of all roles, to find those that match the configuration's patterns, if it has any. */
export function allowRoleListing(config: Config): Permission[] {
  return watchesPatterns({ config }) ? [{ actions: ["iam:ListRoles"], resources: ["*"] }] : [];
}

/** Allows reading the role that an instance profile holds. */
export function allowProfileReads(location: GuardLocation): Permission[] {
  return [{ actions: ["iam:GetInstanceProfile"], resources: [iamArn(location, "instance-profile/*")] }];
}

/**
 * Allows reading what AWS Batch uses roles for, in every region. These calls support no narrower resource (Service
 * Authorization Reference, "Actions, resources, and condition keys for AWS Batch").
 */
export function allowBatchReads(): Permission[] {
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

/**
 * Allows reading the policies and keys of secrets and parameters, in every region, and no value of any of them. KMS
 * checks the key's ARN even where the request names an alias; `ssm:DescribeParameters` supports no narrower resource.
 */
export function allowResourceReads({ partition, account }: GuardLocation): Permission[] {
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

/** Allows loading ledgers, and finding transitions as they are stored. */
export function allowLedgerReads(findings: sst.aws.Dynamo): Permission[] {
  return [{ actions: ["dynamodb:Query"], resources: [findings.arn] }];
}

/** Allows committing ledgers: a transaction needs the permissions of the writes in it. */
export function allowLedgerCommits(findings: sst.aws.Dynamo): Permission[] {
  return [{ actions: ["dynamodb:DeleteItem", "dynamodb:PutItem"], resources: [findings.arn] }];
}

/** Allows storing what people were told, and what waits to be told. */
export function allowNoticeWrites(findings: sst.aws.Dynamo): Permission[] {
  return [{ actions: ["dynamodb:PutItem"], resources: [findings.arn] }];
}

/** Allows storing what is known of Security Hub, and of findings in it. */
export function allowHubWrites(findings: sst.aws.Dynamo): Permission[] {
  return [{ actions: ["dynamodb:PutItem"], resources: [findings.arn] }];
}

/** Allows marking a transition as delivered, or as to be delivered again. */
export function allowDeliveryMarks(findings: sst.aws.Dynamo): Permission[] {
  return [{ actions: ["dynamodb:UpdateItem"], resources: [findings.arn] }];
}

/** Allows reading the owner's decisions and what stops rollbacks. */
export function allowControlReads(control: sst.aws.Dynamo): Permission[] {
  return [{ actions: ["dynamodb:Query"], resources: [control.arn] }];
}

/** Allows receiving messages from a queue, and deleting them. */
export function allowReceiving(queue: sst.aws.Queue): Permission[] {
  return [
    {
      actions: ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"],
      resources: [queue.arn],
    },
  ];
}

/** Allows a function to decide when a message of its queue that failed is received again. */
export function allowPostponing(queue: sst.aws.Queue): Permission[] {
  return [{ actions: ["sqs:ChangeMessageVisibility"], resources: [queue.arn] }];
}

/** Allows sending messages to a queue. */
export function allowSending(queue: sst.aws.Queue): Permission[] {
  return [{ actions: ["sqs:SendMessage"], resources: [queue.arn] }];
}

/** Allows putting transitions on the guard's own bus. */
export function allowAnnouncing(bus: sst.aws.Bus): Permission[] {
  return [{ actions: ["events:PutEvents"], resources: [bus.arn] }];
}

/** Returns the ARNs that match every managed policy, the account's own and those of AWS. */
export function anyPolicyArn(location: GuardLocation) {
  return [iamArn(location, "policy/*"), `arn:${location.partition}:iam::aws:policy/*`];
}

/** Returns the ARN of an IAM resource of the guarded account, such as `role/*`. */
export function iamArn({ partition, account }: GuardLocation, resource: string): $util.Output<string> {
  return $interpolate`arn:${partition}:iam::${account}:${resource}`;
}
