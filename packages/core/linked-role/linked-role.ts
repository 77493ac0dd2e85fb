import type { Instant } from "../model/instant.ts";
import type { Observed } from "../model/role.ts";

/** A service-linked role of Batch itself: named by Batch, written by AWS alone (R11..R14, 2.5). */
export interface LinkedRole {
  readonly name: string;
  /** The principal that may assume it, by which IAM makes it. */
  readonly service: string;
  /** What of Batch works with it. */
  readonly usedBy: "compute environments" | "service environments";
}

/** Batch's own service-linked roles. Others, as those of Spot and ECS, are their services' to make and delete. */
export const linkedRoles: readonly LinkedRole[] = [
  { name: "AWSServiceRoleForBatch", service: "batch.amazonaws.com", usedBy: "compute environments" },
  {
    name: "AWSServiceRoleForAWSBatchWithSagemaker",
    service: "sagemaker-queuing.batch.amazonaws.com",
    usedBy: "service environments",
  },
];

/** The path that a service's linked role stands at; a role of the same name elsewhere is another one (T8). */
export function linkedRolePath({ service }: Pick<LinkedRole, "service">): string {
  return `/aws-service-role/${service}/`;
}

/** ARN of a service-linked role (R14), whether or not it is there. */
export function linkedRoleArn(role: LinkedRole, at: { account: string; partition: string }): string {
  return `arn:${at.partition}:iam::${at.account}:role${linkedRolePath(role)}${role.name}`;
}

/** When and where a role was last used; AWS keeps 400 days of it, and is some hours behind. */
export interface LastUse {
  readonly at: Instant;
  readonly region?: string;
}

/** The last call that a role made to one service. */
export interface ServiceUse extends LastUse {
  /** The service's prefix in policies: `ec2`. */
  readonly service: string;
}

/** What IAM knows of a role's use (R26). A session of a service-linked role cannot be revoked, only waited for. */
export interface RoleActivity {
  /** `null` is a role that was not used in the time that AWS keeps. */
  readonly role: Observed<LastUse | null>;
  /** Service last accessed data, the latest first; services that were never called are left out. */
  readonly services: Observed<readonly ServiceUse[]>;
}
