import { type BatchPlace, lastSegment } from "@drift-guard/core/batch/batch";
import { parseComputeEnvironment, parseJobQueue } from "@drift-guard/core/batch/compute-environment";
import { parseJobDefinition } from "@drift-guard/core/batch/job-definition";
import { BatchUnreadableError } from "@drift-guard/core/errors";
import type { BatchReader } from "@drift-guard/core/ports";
import { decide } from "@drift-guard/policy/decide";
import { parsePolicy } from "@drift-guard/policy/parse";
import type { Clock } from "../clock.ts";
import type { SimulatedAccount } from "../iam/account.ts";
import type { ApiCaller } from "../iam/caller.ts";
import type { IdGenerator } from "../iam/ids.ts";
import type { BatchAnswer, BatchCall } from "./call.ts";
import { carryOutBatch } from "./calls.ts";
import { BatchRefusedError, type BatchState, type StoredEnvironment } from "./state.ts";
import { type BatchEnvelope, recordBatchCall } from "./trail.ts";

/** AWS Batch in every region of an account in memory: it keeps Batch's own rules on roles, and tells its changes. */
export interface SimulatedBatch {
  /** Carries out a call in a region or refuses it as Batch does; either way it is told as an event. */
  call(region: string, call: BatchCall, by: ApiCaller): Promise<BatchAnswer>;
  readonly reader: BatchReader;
  /** Takes the permission to read a region. */
  close(region: string): void;
  /** Hears every writing call, refused or not, in order; gives back what ends the hearing. */
  onEvent(listener: (envelope: BatchEnvelope) => void): () => void;
}

/** Opens AWS Batch in an account, which holds the roles that it uses. */
export function createSimulatedBatch({
  iam,
  clock,
  ids,
}: {
  readonly iam: SimulatedAccount;
  readonly clock: Clock;
  readonly ids: IdGenerator;
}): SimulatedBatch {
  const state: BatchState = { iam, environments: [], queues: [], definitions: [] };
  const listeners = new Set<(envelope: BatchEnvelope) => void>();
  const closed = new Set<string>();

  const answer = async (region: string, call: BatchCall, by: ApiCaller): Promise<BatchAnswer> => {
    const requestId = ids.uuid();
    try {
      return { status: "done", requestId, result: await carryOutBatch(state, region, call, by) };
    } catch (error) {
      if (!(error instanceof BatchRefusedError)) throw error;
      return { status: "refused", requestId, code: error.code, message: error.message };
    }
  };

  return {
    async call(region, call, by) {
      const given = await answer(region, call, by);
      await letGo(state);
      tellUsage(state);
      const envelope = recordBatchCall({ iam, clock, ids }, { region, call, by, answer: given });
      for (const listener of [...listeners]) listener(envelope);
      return given;
    },
    reader: readBatch(state, (region) => {
      if (closed.has(region)) {
        throw new BatchUnreadableError(`AWS Batch in ${region} could not be read: batch:Describe is denied.`);
      }
    }),
    close: (region) => void closed.add(region),
    onEvent(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function readBatch(state: BatchState, check: (region: string) => void): BatchReader {
  const placeOf = (region: string): BatchPlace => {
    check(region);
    return { account: state.iam.account, partition: state.iam.partition, region };
  };
  const readEnvironments = async (region: string) => {
    const place = placeOf(region);
    await letGo(state);
    const own = state.environments.filter((one) => one.region === region);
    const shown = await Promise.all(own.map((one) => showEnvironment(state, one)));
    return shown.flatMap((one) => parseComputeEnvironment(one, place) ?? []);
  };
  const readDefinitions = (region: string) => {
    const place = placeOf(region);
    return state.definitions
      .filter((one) => one.region === region && one.status === "ACTIVE")
      .flatMap(({ given, ...one }) => parseJobDefinition({ ...given, ...one }, place) ?? []);
  };
  return {
    environment: async (region, name) => (await readEnvironments(region)).find((one) => one.name === name),
    definition: async (region, name) => readDefinitions(region).filter((one) => one.name === name),
    async *environments(region) {
      yield* await readEnvironments(region);
    },
    async *queues(region) {
      const place = placeOf(region);
      yield* state.queues
        .filter((one) => one.region === region)
        .flatMap((one) => parseJobQueue(one, place) ?? []);
    },
    async *definitions(region) {
      yield* readDefinitions(region);
    },
  };
}

/** An environment as DescribeComputeEnvironments shows it. */
async function showEnvironment(state: BatchState, environment: StoredEnvironment): Promise<object> {
  const { deleting, ...stored } = environment;
  const { partition, account } = state.iam;
  const ecsClusterArn = `arn:${partition}:ecs:${environment.region}:${account}:cluster/AWSBatch-${environment.computeEnvironmentName}`;
  const shown = { ...stored, ecsClusterArn };
  if (await canAssume(state, environment.serviceRole)) {
    return { ...shown, status: deleting ? "DELETING" : "VALID", statusReason: "ComputeEnvironment Healthy" };
  }
  // In the words of a recorded answer (2.9); Batch works through a role of its own.
  const statusReason = `CLIENT_ERROR - User: arn:${partition}:sts::${account}:assumed-role/EcsService-${environment.region}-prod/batch is not authorized to perform: sts:AssumeRole on resource: ${environment.serviceRole}`;
  return { ...shown, status: deleting ? "DELETING" : "INVALID", statusReason };
}

async function canAssume({ iam }: BatchState, roleArn: string): Promise<boolean> {
  const reading = await iam.reader({ kind: "root" }).read(lastSegment(roleArn));
  if (reading.status === "absent" || reading.role.arn !== roleArn) return false;
  const principal = { type: "Service", id: "batch.amazonaws.com" } as const;
  const request = { principal, action: "sts:AssumeRole", context: {} };
  return decide(request, [parsePolicy(reading.role.trust)]) === "allowed";
}

// Batch takes an environment apart with its service role: without it the environment stays DELETING (2.9).
async function letGo(state: BatchState): Promise<void> {
  for (const environment of state.environments.filter(({ deleting }) => deleting)) {
    if (!(await canAssume(state, environment.serviceRole))) continue;
    state.environments.splice(state.environments.indexOf(environment), 1);
  }
}

/** Tells IAM what uses service-linked roles: they cannot be deleted until nothing does (R25). */
function tellUsage({ iam, environments }: BatchState): void {
  const linked = environments.filter(({ serviceRole }) => serviceRole.includes(":role/aws-service-role/"));
  const regions = Map.groupBy(linked, ({ region }) => region);
  iam.setLinkedRoleUsage(
    "AWSServiceRoleForBatch",
    [...regions].map(([region, own]) => ({
      region,
      resources: own.map(({ computeEnvironmentArn }) => computeEnvironmentArn),
    })),
  );
}
