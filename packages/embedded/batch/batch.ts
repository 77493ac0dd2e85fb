import type { BatchPlace } from "@drift-guard/core/batch/batch";
import { parseComputeEnvironment, parseJobQueue } from "@drift-guard/core/batch/compute-environment";
import { parseJobDefinition } from "@drift-guard/core/batch/job-definition";
import { BatchUnreadableError } from "@drift-guard/core/errors";
import { lastSegment } from "@drift-guard/core/model/arn";
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

/**
 * AWS Batch in every region of a simulated account. It enforces Batch's rules on roles and emits an event for every
 * writing call.
 */
export interface SimulatedBatch {
  /** Carries out a call in a region, or refuses it as Batch does. Both emit an event. */
  call(region: string, call: BatchCall, by: ApiCaller): Promise<BatchAnswer>;
  /** Throws `BatchUnreadableError` for a closed region. */
  readonly reader: BatchReader;
  /** Denies reading a region from now on. */
  close(region: string): void;
  /** Calls `listener` with the event of every writing call, in order. Returns a function that stops it. */
  onEvent(listener: (envelope: BatchEnvelope) => void): () => void;
}

/** Creates an AWS Batch without resources. It uses the roles of `iam`, and sets what uses the service-linked role there. */
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
      const answered = await answer(region, call, by);
      await finishDeletions(state);
      reportLinkedRoleUsage(state);
      const envelope = recordBatchCall({ iam, clock, ids }, { region, call, by, answer: answered });
      for (const listener of [...listeners]) listener(envelope);
      return answered;
    },
    reader: createReader(state, (region) => {
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

function createReader(state: BatchState, check: (region: string) => void): BatchReader {
  const placeOf = (region: string): BatchPlace => {
    check(region);
    return { account: state.iam.account, partition: state.iam.partition, region };
  };
  const readEnvironments = async (region: string) => {
    const place = placeOf(region);
    await finishDeletions(state);
    const own = state.environments.filter((one) => one.region === region);
    const shown = await Promise.all(own.map((one) => describeEnvironment(state, one)));
    return shown.flatMap((one) => parseComputeEnvironment(one, place) ?? []);
  };
  const readDefinitions = (region: string) => {
    const place = placeOf(region);
    return state.definitions
      .filter((one) => one.region === region && one.status === "ACTIVE")
      .flatMap(({ parameters, ...one }) => parseJobDefinition({ ...parameters, ...one }, place) ?? []);
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

/** Describes an environment as DescribeComputeEnvironments does. */
async function describeEnvironment(state: BatchState, environment: StoredEnvironment): Promise<object> {
  const { deleting, ...stored } = environment;
  const { partition, account } = state.iam;
  const ecsClusterArn = `arn:${partition}:ecs:${environment.region}:${account}:cluster/AWSBatch-${environment.computeEnvironmentName}`;
  const shown = { ...stored, ecsClusterArn };
  if (await canAssumeFor(state, environment)) {
    return { ...shown, status: deleting ? "DELETING" : "VALID", statusReason: "ComputeEnvironment Healthy" };
  }
  // The text of a recorded answer (2.9).
  const statusReason = `CLIENT_ERROR - User: arn:${partition}:sts::${account}:assumed-role/EcsService-${environment.region}-prod/batch is not authorized to perform: sts:AssumeRole on resource: ${environment.serviceRole}`;
  return { ...shown, status: deleting ? "DELETING" : "INVALID", statusReason };
}

/** Whether AWS Batch can assume an environment's service role, for that environment (docs/aws-facts.md, "AWS Batch"). */
async function canAssumeFor(
  { iam }: BatchState,
  { serviceRole, computeEnvironmentArn }: StoredEnvironment,
): Promise<boolean> {
  const reading = await iam.reader({ kind: "root" }).read(lastSegment(serviceRole));
  if (reading.status === "absent" || reading.role.arn !== serviceRole) return false;
  const { partition, account } = iam;
  const request = {
    principal: { type: "Service", id: "batch.amazonaws.com" },
    action: "sts:AssumeRole",
    context: { "aws:sourceaccount": account, "aws:sourcearn": computeEnvironmentArn },
  } as const;
  return decide(request, [parsePolicy(reading.role.trust)], { partition }) === "allowed";
}

/** Removes the environments in deletion. One whose service role Batch cannot assume stays DELETING (2.9). */
async function finishDeletions(state: BatchState): Promise<void> {
  for (const environment of state.environments.filter(({ deleting }) => deleting)) {
    if (!(await canAssumeFor(state, environment))) continue;
    state.environments.splice(state.environments.indexOf(environment), 1);
  }
}

/** Sets in IAM which environments use the service-linked role, which cannot be deleted while there are any (R25). */
function reportLinkedRoleUsage({ iam, environments }: BatchState): void {
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
