import type { ComputeEnvironment, JobDefinition, JobQueue } from "@drift-guard/core/batch/batch";
import type { UsageSubject } from "@drift-guard/core/batch/role-use";
import {
  agentFeaturesOf,
  profilesOf,
  type UsesByRole,
  usesOfDefinition,
  usesOfEnvironment,
} from "@drift-guard/core/batch/uses";
import { BatchUnreadableError, RoleUnreadableError } from "@drift-guard/core/errors";
import type { Subject } from "@drift-guard/core/model/change";
import type { AgentReader, BatchReader, RoleReader, UsageStore } from "@drift-guard/core/ports";
import type { GuardSettings } from "../ports.ts";
import { readAgentsUntilFailure, withOldestAgent } from "./agents.ts";

/** Ports that read and record which roles AWS Batch uses. */
export interface UsagePorts {
  readonly roles: Pick<RoleReader, "rolesBehind">;
  readonly batch: BatchReader;
  readonly usage: UsageStore;
}

/**
 * Reads the compute environments and job definitions among some subjects from AWS Batch and records their uses. Returns
 * the names of the roles that they use now or used before. Throws `BatchUnreadableError`, `RoleUnreadableError`,
 * `StoreUnavailableError`.
 */
export async function refreshSubjects(
  region: string,
  subjects: readonly Subject[],
  ports: UsagePorts,
  { account }: GuardSettings,
): Promise<readonly string[]> {
  const touched: string[] = [];
  for (const { kind, name } of subjects.filter(isBatchSubject)) {
    const subject: UsageSubject = { kind, region, name };
    if (kind === "job-definition") {
      const uses = usesOfDefinition(await ports.batch.definition(region, name));
      touched.push(...(await ports.usage.record(account, subject, uses)));
      continue;
    }
    const environment = await ports.batch.environment(region, name);
    const queues = environment ? await collect(ports.batch.queues(region)) : [];
    // No event reports a change of agents, so only a sweep reads them.
    const uses = environment
      ? await withOldestAgent(
          environment,
          await findUsesOfEnvironment(environment, queues, new Map(), ports),
          { reader: undefined, features: undefined },
          account,
          ports.usage,
        )
      : new Map();
    touched.push(...(await ports.usage.record(account, subject, uses)));
  }
  return [...new Set(touched)];
}

function isBatchSubject(
  subject: Subject,
): subject is Extract<Subject, { kind: "compute-environment" | "job-definition" }> {
  return subject.kind === "compute-environment" || subject.kind === "job-definition";
}

/** Finds the compute environments of a job queue, as subjects. Throws `BatchUnreadableError`. */
export async function findEnvironmentsOfQueue(
  region: string,
  queueName: string,
  { batch }: { readonly batch: Pick<BatchReader, "queues"> },
): Promise<readonly Subject[]> {
  const queues = await collect(batch.queues(region));
  const queue = queues.find(({ name }) => name === queueName);
  return (queue?.environments ?? []).map((name) => ({ kind: "compute-environment", name }));
}

/**
 * Reads every compute environment and job definition of a region and records their uses. Where only one of the two can be
 * read, that is recorded. Returns why reading failed or is incomplete, or undefined: no access, throttling, or `signal`,
 * which stops it. Throws `StoreUnavailableError`.
 */
export async function refreshRegion(
  region: string,
  ports: UsagePorts & { readonly agents?: AgentReader },
  settings: GuardSettings,
  signal?: AbortSignal,
): Promise<string | undefined> {
  try {
    return await readAndRecordRegion(region, ports, settings, signal);
  } catch (error) {
    if (signal?.aborted && error === signal.reason) return "Time ran out before the whole region was read.";
    if (error instanceof BatchUnreadableError || error instanceof RoleUnreadableError) return error.message;
    throw error;
  }
}

async function readAndRecordRegion(
  region: string,
  ports: UsagePorts & { readonly agents?: AgentReader },
  { account }: GuardSettings,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  // A use that is in no list is removed, so every list is read to its end first.
  const problems: string[] = [];
  const tryReading = async <T>(read: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof BatchUnreadableError)) throw error;
      problems.push(error.message);
      return undefined;
    }
  };
  // An environment's uses name its queues.
  const supply = await tryReading(async () => ({
    queues: await collect(ports.batch.queues(region), signal),
    environments: await collect(ports.batch.environments(region), signal),
  }));
  const read = await tryReading(() => collect(ports.batch.definitions(region), signal));
  const definitions = read && Map.groupBy(read, ({ name }) => name);
  if (!supply && !definitions) return problems.join(" ");
  const known = await collect(ports.usage.users(account), signal);
  const record = (subject: UsageSubject, uses: UsesByRole) => {
    signal?.throwIfAborted();
    return ports.usage.record(account, subject, uses);
  };
  const holders = new Map<string, string | undefined>();
  const agents = readAgentsUntilFailure(ports.agents);
  const features = read && agentFeaturesOf(read);
  for (const environment of supply?.environments ?? []) {
    const uses = await findUsesOfEnvironment(environment, supply?.queues ?? [], holders, ports);
    const updated = await withOldestAgent(
      environment,
      uses,
      { reader: agents.reader, features },
      account,
      ports.usage,
    );
    await record({ kind: "compute-environment", region, name: environment.name }, updated);
  }
  for (const [name, revisions] of definitions ?? []) {
    await record({ kind: "job-definition", region, name }, usesOfDefinition(revisions));
  }
  for (const { subject } of known) {
    if (subject.region === region && isGone(subject, supply?.environments, definitions)) {
      await record(subject, new Map());
    }
  }
  const agentFailure = agents.failure()?.message;
  if (agentFailure !== undefined) problems.push(agentFailure);
  return problems.length === 0 ? undefined : problems.join(" ");
}

/** Whether a recorded subject is in no list; a list that could not be read is undefined, and may have it. */
function isGone(
  { kind, name }: UsageSubject,
  environments: readonly ComputeEnvironment[] | undefined,
  definitions: ReadonlyMap<string, readonly JobDefinition[]> | undefined,
): boolean {
  return kind === "job-definition"
    ? definitions !== undefined && !definitions.has(name)
    : environments?.every((one) => one.name !== name) === true;
}

/** Finds the uses of an environment. `holders` caches the role of each instance profile by the profile's name. */
async function findUsesOfEnvironment(
  environment: ComputeEnvironment,
  queues: readonly JobQueue[],
  holders: Map<string, string | undefined>,
  { roles }: Pick<UsagePorts, "roles">,
) {
  for (const name of profilesOf(environment)) {
    if (holders.has(name)) continue;
    const [holder] = await roles.rolesBehind({ kind: "profile", name });
    holders.set(name, holder);
  }
  return usesOfEnvironment(environment, queues, holders);
}

async function collect<T>(items: AsyncIterable<T>, signal?: AbortSignal): Promise<readonly T[]> {
  const all: T[] = [];
  signal?.throwIfAborted();
  for await (const item of items) {
    signal?.throwIfAborted();
    all.push(item);
  }
  return all;
}
