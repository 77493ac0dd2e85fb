import type { ComputeEnvironment, JobDefinition, JobQueue } from "@drift-guard/core/batch";
import { profilesOf, usesOfDefinition, usesOfEnvironment } from "@drift-guard/core/batch-usage";
import type { Subject } from "@drift-guard/core/change";
import { BatchUnreadableError, RoleUnreadableError } from "@drift-guard/core/errors";
import type { UsageSubject } from "@drift-guard/core/usage";
import type { GuardPorts, GuardSettings } from "./ports.ts";

/** A region whose AWS Batch could not be read, so that what is known of it stays as it was. */
export interface UnreadRegion {
  readonly region: string;
  readonly why: string;
}

/**
 * Reads anew, from AWS Batch itself, the compute environments and job definitions among some subjects, and gives the
 * names of the roles that they use or used. Throws `BatchUnreadableError`, `RoleUnreadableError`.
 */
export async function refreshSubjects(
  region: string,
  subjects: readonly Subject[],
  ports: GuardPorts,
  { account }: GuardSettings,
): Promise<readonly string[]> {
  const touched: string[] = [];
  for (const { kind, name } of subjects.filter(isOfBatch)) {
    const subject: UsageSubject = { kind, region, name };
    if (kind === "job-definition") {
      const uses = usesOfDefinition(await ports.batch.definition(region, name));
      touched.push(...(await ports.usage.record(account, subject, uses)));
      continue;
    }
    const environment = await ports.batch.environment(region, name);
    const queues = environment ? await collect(ports.batch.queues(region)) : [];
    const uses = environment ? await usesWithHolders(environment, queues, new Map(), ports) : new Map();
    touched.push(...(await ports.usage.record(account, subject, uses)));
  }
  return [...new Set(touched)];
}

function isOfBatch(
  subject: Subject,
): subject is Extract<Subject, { kind: "compute-environment" | "job-definition" }> {
  return subject.kind === "compute-environment" || subject.kind === "job-definition";
}

/** The compute environments that a job queue runs on, as subjects. Throws `BatchUnreadableError`. */
export async function environmentsBehind(
  region: string,
  queueName: string,
  { batch }: GuardPorts,
): Promise<readonly Subject[]> {
  const queues = await collect(batch.queues(region));
  const queue = queues.find(({ name }) => name === queueName);
  return (queue?.environments ?? []).map((name) => ({ kind: "compute-environment", name }));
}

/** Reads anew all that uses roles in every region of the configuration; gives the regions that could not be read. */
export async function refreshRegions(
  ports: GuardPorts,
  settings: GuardSettings,
): Promise<readonly UnreadRegion[]> {
  const unread: UnreadRegion[] = [];
  for (const region of settings.config.regions.batch) {
    try {
      await refreshRegion(region, ports, settings);
    } catch (error) {
      if (!(error instanceof BatchUnreadableError || error instanceof RoleUnreadableError)) throw error;
      unread.push({ region, why: error.message });
    }
  }
  return unread;
}

async function refreshRegion(region: string, ports: GuardPorts, { account }: GuardSettings): Promise<void> {
  // Whatever is not in a list must be gone, so that the lists are read to their ends before anything is let go.
  const queues = await collect(ports.batch.queues(region));
  const environments = await collect(ports.batch.environments(region));
  const definitions = Map.groupBy(await collect(ports.batch.definitions(region)), ({ name }) => name);
  const known = await collect(ports.usage.users(account));
  const holders = new Map<string, string | undefined>();
  for (const environment of environments) {
    const uses = await usesWithHolders(environment, queues, holders, ports);
    await ports.usage.record(account, { kind: "compute-environment", region, name: environment.name }, uses);
  }
  for (const [name, revisions] of definitions) {
    await ports.usage.record(account, { kind: "job-definition", region, name }, usesOfDefinition(revisions));
  }
  for (const { subject } of known) {
    if (subject.region === region && !isAmong(subject, environments, definitions)) {
      await ports.usage.record(account, subject, new Map());
    }
  }
}

function isAmong(
  { kind, name }: UsageSubject,
  environments: readonly ComputeEnvironment[],
  definitions: ReadonlyMap<string, readonly JobDefinition[]>,
): boolean {
  return kind === "job-definition" ? definitions.has(name) : environments.some((one) => one.name === name);
}

async function usesWithHolders(
  environment: ComputeEnvironment,
  queues: readonly JobQueue[],
  holders: Map<string, string | undefined>,
  { roles }: GuardPorts,
) {
  for (const name of profilesOf(environment)) {
    if (holders.has(name)) continue;
    const [holder] = await roles.rolesBehind({ kind: "profile", name });
    holders.set(name, holder);
  }
  return usesOfEnvironment(environment, queues, holders);
}

async function collect<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
