import * as z from "zod";
import { lastSegment, parseArn } from "../model/arn.ts";
import type { EnvironmentDuty, InstanceDuty, Need } from "./role-use.ts";

/** Account, partition and region of a Batch resource: they complete names that a definition gives without an ARN. */
export interface BatchPlace {
  /** 12 digits; empty if unknown. */
  readonly account: string;
  readonly partition: string;
  readonly region: string;
}

/** A role that a compute environment uses: named directly, or through an instance profile. */
export type EnvironmentRole =
  | {
      readonly duty: Exclude<EnvironmentDuty, InstanceDuty>;
      readonly name: string;
      /** The ARN by which Batch assumes it. */
      readonly arn: string;
    }
  | { readonly duty: InstanceDuty; readonly profile: string };

/** A compute environment, reduced to what concerns roles. */
export interface ComputeEnvironment {
  readonly region: string;
  readonly name: string;
  readonly state: string;
  readonly status: string;
  readonly statusReason?: string;
  /** ARN of the ECS cluster whose instances the owner keeps up to date; left out for Fargate, managed instances and EKS. */
  readonly cluster?: string;
  readonly roles: readonly EnvironmentRole[];
}

/** A job queue, and the names of its compute environments in their order. */
export interface JobQueue {
  readonly region: string;
  readonly name: string;
  readonly environments: readonly string[];
}

/** The containers of a job definition that share one execution role and one job role. */
export interface JobTask {
  /** Path in the job definition, such as `containerProperties`. */
  readonly at: string;
  /** Name of the execution role. */
  readonly execution?: string;
  /** Name of the job role (a task's `taskRoleArn`). */
  readonly job?: string;
  readonly needs: readonly Need[];
  /** What could not be parsed: one sentence each, with its path. */
  readonly unread: readonly string[];
}

/** One revision of a job definition, reduced to what concerns roles. */
export interface JobDefinition {
  readonly region: string;
  readonly name: string;
  readonly revision: number;
  readonly active: boolean;
  readonly fargate: boolean;
  readonly tasks: readonly JobTask[];
}

/**
 * The execution role that the guide and the console create (R41). A definition that needs an execution role and names
 * none is reported at this role.
 */
export const usualExecutionRole = "ecsTaskExecutionRole";

/** Schema of optional text in a response or record; undefined if the value is empty or not text. */
export const optionalText = z.string().min(1).optional().catch(undefined);

const roleName = /^[\w+=,.@-]{1,64}$/;

/**
 * Returns the name of a role that is given by ARN, path or name. Undefined if the ARN is of another account, or if the
 * text cannot be a role.
 */
export function readRoleName(text: string, { account }: BatchPlace): string | undefined {
  const arn = parseArn(text);
  if (arn?.service === "iam" && account !== "" && arn.account !== account) return undefined;
  const name = lastSegment(text);
  return roleName.test(name) ? name : undefined;
}

/** Returns the name, and the revision if given, of a job definition: `name`, `name:revision` or an ARN. */
export function readDefinitionName(text: string): { readonly name: string; readonly revision?: number } {
  const [name = "", revision = ""] = lastSegment(text).split(":");
  return { name, ...(/^\d{1,9}$/.test(revision) && { revision: Number(revision) }) };
}
