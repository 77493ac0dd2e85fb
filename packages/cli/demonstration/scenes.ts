import type { TransitionKind } from "@drift-guard/core/model/transition";
import type { IamCall } from "@drift-guard/embedded/iam/call";
import type { ApiCaller } from "@drift-guard/embedded/iam/caller";

/** A call that is made on a watched role, and how its finding must end. */
export interface Scene {
  readonly title: string;
  readonly call: IamCall;
  readonly by: ApiCaller;
  /** The transitions of the scene's one finding, in order. */
  readonly path: readonly TransitionKind[];
}

const mallory: ApiCaller = {
  kind: "user",
  name: "mallory",
  sourceIp: "198.51.100.23",
  userAgent: "aws-cli/2.31.9",
};
const pipeline: ApiCaller = {
  kind: "session",
  role: "arn:aws:iam::123456789012:role/deploy",
  session: "build-4711",
  sourceIp: "203.0.113.80",
  userAgent: "Terraform/1.13",
};

/** The scenes of the demonstration, in order. */
export const scenes: readonly Scene[] = [
  {
    title: "A managed policy is detached from AWSBatchServiceRole",
    call: {
      call: "DetachRolePolicy",
      roleName: "AWSBatchServiceRole",
      policyArn: "arn:aws:iam::aws:policy/service-role/AWSBatchServiceRole",
    },
    by: pipeline,
    path: ["opened", "rolled-back", "resolved"],
  },
  {
    title: "The trust policy of ecsTaskExecutionRole is opened to another account",
    call: {
      call: "UpdateAssumeRolePolicy",
      roleName: "ecsTaskExecutionRole",
      policyDocument: JSON.stringify({
        Version: "2012-10-17",
        Statement: [
          { Effect: "Allow", Principal: { Service: "ecs-tasks.amazonaws.com" }, Action: "sts:AssumeRole" },
          { Effect: "Allow", Principal: { AWS: "arn:aws:iam::999988887777:root" }, Action: "sts:AssumeRole" },
        ],
      }),
    },
    by: mallory,
    path: ["opened", "rolled-back", "resolved"],
  },
  {
    title: "An inline policy with iam:* is added to AWSBatchServiceRole",
    call: {
      call: "PutRolePolicy",
      roleName: "AWSBatchServiceRole",
      policyName: "maintenance",
      policyDocument: JSON.stringify({
        Version: "2012-10-17",
        Statement: [{ Effect: "Allow", Action: "iam:*", Resource: "*" }],
      }),
    },
    by: mallory,
    path: ["opened", "rolled-back", "resolved"],
  },
  {
    title: "IAM refuses to detach the policy of AWSServiceRoleForBatch",
    call: {
      call: "DetachRolePolicy",
      roleName: "AWSServiceRoleForBatch",
      policyArn: "arn:aws:iam::aws:policy/aws-service-role/BatchServiceRolePolicy",
    },
    by: mallory,
    path: ["opened", "resolved"],
  },
];
