import * as z from "zod";
import { lastSegment, parseArn } from "../model/arn.ts";
import type { AgentFeature } from "./agent-version.ts";
import type { EnvironmentDuty, InstanceDuty, Need } from "./role-use.ts";

/** Account, partition and region of a Batch resource: they complete names that a definition gives without an ARN. */
export interface BatchPlace {
  /** 12 digits; empty if unknown. */
  readonly account: string;
  readonly partition: string;
  readonly region: string;
}

/** A role as a compute environment or job definition names it. */
export interface NamedRole {
  readonly name: string;
  /** The ARN by which it is named; left out if it is named without one. */
  readonly arn?: string;
  /** Set if that ARN is of another account: Batch can use only roles of its own account (T13). */
  readonly otherAccount?: true;
}

/** A role that a compute environment uses: named directly, or through an instance profile. */
export type EnvironmentRole =
  | (NamedRole & {
      readonly duty: Exclude<EnvironmentDuty, InstanceDuty>;
      /** The ARN by which Batch assumes it. */
      readonly arn: string;
    })
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
  /** The execution role. */
  readonly execution?: NamedRole;
  /** The job role (a task's `taskRoleArn`). */
  readonly job?: NamedRole;
  readonly needs: readonly Need[];
  /** What could not be parsed: one sentence each, with its path. */
  readonly unread: readonly string[];
  /** Secrets in a form that the ECS agent refuses: one sentence each, with its path and the right form. */
  readonly refused: readonly string[];
  /** What it asks of the ECS agent. */
  readonly features: readonly AgentFeature[];
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
// An ARN with a path of 512 characters and a name of 64, the longest that IAM accepts.
const roleText = /^[\x21-\x7e]{1,640}$/;

/** Reads a role that is given by ARN, path or name. Undefined if the text cannot be a role. */
export function readRole(text: string, { account }: BatchPlace): NamedRole | undefined {
  const arn = parseArn(text);
  const name = lastSegment(text);
  if (!roleText.test(text) || !roleName.test(name)) return undefined;
  return {
    name,
    ...(arn && { arn: text }),
    ...(arn && account !== "" && arn.account !== account && { otherAccount: true }),
  };
}

/** Returns the name, and the revision if given, of a job definition: `name`, `name:revision` or an ARN. */
export function readDefinitionName(text: string): { readonly name: string; readonly revision?: number } {
  const [name = "", revision = ""] = lastSegment(text).split(":");
  return { name, ...(/^\d{1,9}$/.test(revision) && { revision: Number(revision) }) };
}
