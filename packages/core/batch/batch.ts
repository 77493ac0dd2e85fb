import * as z from "zod";
import type { EnvironmentDuty, Need } from "./role-use.ts";

/** Where something of Batch stands; what a definition leaves out of an ARN is taken from here. */
export interface BatchPlace {
  /** 12 digits; empty where it is not known. */
  readonly account: string;
  readonly partition: string;
  readonly region: string;
}

/** A role that a compute environment uses: by its name, or by an instance profile that holds it. */
export type EnvironmentRole =
  | {
      readonly duty: Exclude<EnvironmentDuty, "instance">;
      readonly name: string;
      /** The ARN that Batch takes it by. */
      readonly arn: string;
    }
  | { readonly duty: "instance"; readonly profile: string };

/** A compute environment, as far as roles go. */
export interface ComputeEnvironment {
  readonly region: string;
  readonly name: string;
  readonly state: string;
  readonly status: string;
  readonly statusReason?: string;
  /** ARN of the ECS cluster that its instances are in; left out where it has none, or is of Fargate. */
  readonly cluster?: string;
  readonly roles: readonly EnvironmentRole[];
}

/** A job queue, and the names of the compute environments that it runs on. */
export interface JobQueue {
  readonly region: string;
  readonly name: string;
  readonly environments: readonly string[];
}

/** One set of containers of a job definition that runs under one execution role and one job role. */
export interface JobTask {
  /** Path in the definition. */
  readonly at: string;
  /** Name of the execution role. */
  readonly execution?: string;
  /** Name of the job role (a task's `taskRoleArn`). */
  readonly job?: string;
  readonly needs: readonly Need[];
  /** What cannot be understood of it, each a sentence with its path. */
  readonly unread: readonly string[];
}

/** One revision of a job definition, as far as roles go. */
export interface JobDefinition {
  readonly region: string;
  readonly name: string;
  readonly revision: number;
  readonly active: boolean;
  readonly fargate: boolean;
  readonly tasks: readonly JobTask[];
}

/** The role of the name that the guide and the console give (R41), which a definition without a role is told of. */
export const usualExecutionRole = "ecsTaskExecutionRole";

/** Text of an answer or a record; undefined where it is anything else, or empty. */
export const optionalText = z.string().min(1).optional().catch(undefined);

/** The name behind an ARN, a path or a bare name: `service-role/AWSBatchServiceRole` is AWSBatchServiceRole. */
export function lastSegment(text: string): string {
  return text.slice(text.lastIndexOf("/") + 1);
}

const roleName = /^[\w+=,.@-]{1,64}$/;

/** The name of a role of this account behind an ARN, a path or a bare name; undefined where it can be none. */
export function readRoleName(text: string, { account }: BatchPlace): string | undefined {
  const owner = /^arn:[^:]*:iam::([^:]*):/.exec(text)?.[1];
  if (owner !== undefined && account !== "" && owner !== account) return undefined;
  const name = lastSegment(text);
  return roleName.test(name) ? name : undefined;
}

/** The name and revision of a job definition behind `name`, `name:revision` or an ARN. */
export function readDefinitionName(text: string): { readonly name: string; readonly revision?: number } {
  const [name = "", revision = ""] = lastSegment(text).split(":");
  return { name, ...(/^\d{1,9}$/.test(revision) && { revision: Number(revision) }) };
}
