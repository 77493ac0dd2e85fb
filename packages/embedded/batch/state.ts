import { lastSegment } from "@drift-guard/core/batch/batch";
import type { SimulatedAccount } from "../iam/account.ts";
import type { ComputeResources } from "./call.ts";

/** A compute environment as AWS Batch keeps it. */
export interface StoredEnvironment {
  readonly region: string;
  readonly computeEnvironmentName: string;
  readonly computeEnvironmentArn: string;
  readonly type: "MANAGED" | "UNMANAGED";
  state: "ENABLED" | "DISABLED";
  /** ARN, as Batch took it. */
  serviceRole: string;
  computeResources?: Partial<ComputeResources>;
  /** Set once it is to be deleted, which Batch does with the service role. */
  deleting?: true;
}

/** A job queue as AWS Batch keeps it. */
export interface StoredQueue {
  readonly region: string;
  readonly jobQueueName: string;
  readonly jobQueueArn: string;
  readonly computeEnvironmentOrder: readonly {
    readonly order: number;
    readonly computeEnvironment: string;
  }[];
}

/** A revision of a job definition, whole. */
export interface StoredDefinition {
  readonly region: string;
  readonly jobDefinitionName: string;
  readonly jobDefinitionArn: string;
  readonly revision: number;
  status: "ACTIVE" | "INACTIVE";
  readonly given: object;
}

/** Everything of AWS Batch that an account holds, in every region. */
export interface BatchState {
  readonly iam: SimulatedAccount;
  readonly environments: StoredEnvironment[];
  readonly queues: StoredQueue[];
  readonly definitions: StoredDefinition[];
}

/** AWS Batch says no to a call: its error code and its message. */
export class BatchRefusedError extends Error {
  override readonly name = "BatchRefusedError";
  readonly code = "ClientException";
}

/** The environment of a name or ARN; refuses where there is none. */
export function expectEnvironment(state: BatchState, region: string, given: string): StoredEnvironment {
  const name = lastSegment(given);
  const found = findEnvironment(state, region, name);
  if (found) return found;
  throw new BatchRefusedError(`Error executing request, Exception : ${given} does not exist`);
}

/** The environment of a name, if any. */
export function findEnvironment(
  state: BatchState,
  region: string,
  name: string,
): StoredEnvironment | undefined {
  return state.environments.find((one) => one.region === region && one.computeEnvironmentName === name);
}
