import { lastSegment } from "@drift-guard/core/model/arn";
import type { SimulatedAccount } from "../iam/account.ts";
import type { ComputeResources, EksConfiguration } from "./call.ts";

/** A compute environment as AWS Batch stores it. */
export interface StoredEnvironment {
  readonly region: string;
  readonly computeEnvironmentName: string;
  readonly computeEnvironmentArn: string;
  readonly type: "MANAGED" | "UNMANAGED";
  state: "ENABLED" | "DISABLED";
  /** ARN. */
  serviceRole: string;
  computeResources?: Partial<ComputeResources>;
  readonly eksConfiguration?: EksConfiguration;
  /** Set after DeleteComputeEnvironment. Batch needs the service role to finish the deletion. */
  deleting?: true;
}

/** A job queue as AWS Batch stores it. */
export interface StoredQueue {
  readonly region: string;
  readonly jobQueueName: string;
  readonly jobQueueArn: string;
  readonly computeEnvironmentOrder: readonly {
    readonly order: number;
    readonly computeEnvironment: string;
  }[];
}

/** A revision of a job definition. */
export interface StoredDefinition {
  readonly region: string;
  readonly jobDefinitionName: string;
  readonly jobDefinitionArn: string;
  readonly revision: number;
  status: "ACTIVE" | "INACTIVE";
  /** The parameters of its RegisterJobDefinition. */
  readonly parameters: object;
}

/** Everything in AWS Batch, in all regions, and the account with the roles. */
export interface BatchState {
  readonly iam: SimulatedAccount;
  readonly environments: StoredEnvironment[];
  readonly queues: StoredQueue[];
  readonly definitions: StoredDefinition[];
}

/** The simulated AWS Batch refused a call. The message is Batch's own text, as far as it is known. */
export class BatchRefusedError extends Error {
  override readonly name = "BatchRefusedError";
  readonly code = "ClientException";
}

/** Finds an environment by its name or ARN. Throws `BatchRefusedError` if there is none. */
export function expectEnvironment(state: BatchState, region: string, nameOrArn: string): StoredEnvironment {
  const name = lastSegment(nameOrArn);
  const found = findEnvironment(state, region, name);
  if (found) return found;
  throw new BatchRefusedError(`Error executing request, Exception : ${nameOrArn} does not exist`);
}

/** Finds an environment by its name. */
export function findEnvironment(
  state: BatchState,
  region: string,
  name: string,
): StoredEnvironment | undefined {
  return state.environments.find((one) => one.region === region && one.computeEnvironmentName === name);
}
