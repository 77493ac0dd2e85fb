import type { Instant } from "../model/instant.ts";
import type { Observed } from "../model/role.ts";

/** A service-linked role of AWS Batch, which only AWS may write (R11..R14, 2.5). */
export interface LinkedRole {
  readonly name: string;
  /** The principal that may assume it. IAM creates the role for this service. */
  readonly service: string;
  /** The resources of AWS Batch that use it. */
  readonly usedBy: "compute environments" | "service environments";
}

/** The service-linked roles of AWS Batch. Those of Spot and ECS belong to their own services. */
export const linkedRoles: readonly LinkedRole[] = [
  { name: "AWSServiceRoleForBatch", service: "batch.amazonaws.com", usedBy: "compute environments" },
  {
    name: "AWSServiceRoleForAWSBatchWithSagemaker",
    service: "sagemaker-queuing.batch.amazonaws.com",
    usedBy: "service environments",
  },
];

/** Returns the path of a service-linked role. A role of the same name at another path is a different role (T8). */
export function linkedRolePath({ service }: Pick<LinkedRole, "service">): string {
  return `/aws-service-role/${service}/`;
}

/** Returns the ARN of a service-linked role (R14), whether or not the role exists. */
export function linkedRoleArn(role: LinkedRole, at: { account: string; partition: string }): string {
  return `arn:${at.partition}:iam::${at.account}:role${linkedRolePath(role)}${role.name}`;
}

/** When and where a role was last used. AWS keeps 400 days of it, with a delay of some hours. */
export interface LastUse {
  readonly at: Instant;
  readonly region?: string;
}

/** The last call that a role made to one service. */
export interface ServiceUse extends LastUse {
  /** The service's prefix in policies: `ec2`. */
  readonly service: string;
}

/** The use of a role as IAM reports it (R26). Sessions of a service-linked role cannot be revoked; they must expire. */
export interface RoleActivity {
  /** `null` if the role was not used in the time that AWS keeps. */
  readonly role: Observed<LastUse | null>;
  /** Service last accessed data, the latest first. Services that were never called are left out. */
  readonly services: Observed<readonly ServiceUse[]>;
}
