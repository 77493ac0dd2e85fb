import type { AccountRegions } from "@drift-guard/core/batch/account-regions";
import { listBatchRegions } from "@drift-guard/core/batch/regions";
import type { Config } from "@drift-guard/core/config/config";
import { RollbackUnderwayError } from "@drift-guard/core/errors";
import { formatRecheck, parseMessage } from "@drift-guard/core/intake/message";
import type { Finding } from "@drift-guard/core/model/finding";
import { rollbackKinds, type Transition } from "@drift-guard/core/model/transition";
import type {
  AgentReader,
  ControlStore,
  FindingStore,
  ResourceReader,
  RoleReader,
  RoleWriter,
} from "@drift-guard/core/ports";
import { builtInReferences } from "@drift-guard/core/reference/built-in";
import { createSimulatedBatch, type SimulatedBatch } from "@drift-guard/embedded/batch/batch";
import type { BatchCall } from "@drift-guard/embedded/batch/call";
import { createVirtualClock, type VirtualClock } from "@drift-guard/embedded/clock";
import { createSimulatedAccount, type SimulatedAccount } from "@drift-guard/embedded/iam/account";
import type { IamCall } from "@drift-guard/embedded/iam/call";
import type { ApiCaller } from "@drift-guard/embedded/iam/caller";
import { createIdGenerator } from "@drift-guard/embedded/iam/ids";
import { type AwsPolicy, listAwsPolicies } from "@drift-guard/embedded/iam/managed-policies";
import { createRecheckQueue } from "@drift-guard/embedded/rechecks";
import { createControlStore } from "@drift-guard/embedded/sqlite/control";
import { type Database, openDatabase } from "@drift-guard/embedded/sqlite/database";
import { createFindingStore } from "@drift-guard/embedded/sqlite/findings";
import { createFullReadStore } from "@drift-guard/embedded/sqlite/full-reads";
import { createSymptomStore } from "@drift-guard/embedded/sqlite/symptoms";
import { createUsageStore } from "@drift-guard/embedded/sqlite/usage";
import { inspectMessage } from "@drift-guard/guard/inspect/inspect";
import type { GuardSettings, RollbackPorts, SweepPorts } from "@drift-guard/guard/ports";
import type { RollbackOutcome } from "@drift-guard/guard/rollback/outcome";
import { rollBack } from "@drift-guard/guard/rollback/rollback";
import type { SweepReport } from "@drift-guard/guard/sweep/report";
import { sweep } from "@drift-guard/guard/sweep/sweep";
import { account as accountId, noon } from "../builders.ts";
import { guardingAll, referenceOf } from "../core/watched-roles.ts";

/** The person who causes the drift. */
export const mallory: ApiCaller = { kind: "user", name: "mallory", sourceIp: "203.0.113.7" };
/** The role that rollbacks run as, and its session. */
export const guardRole = `arn:aws:iam::${accountId}:role/drift-guard-rollback`;
const guard: ApiCaller = { kind: "session", role: guardRole, session: "rollback" };

/** Reorders, duplicates or drops the events of one step, as a trail may. */
export type Disorder = (bodies: readonly string[]) => readonly string[];

/** The ports of every verb; each verb is handed its own. */
interface WorldPorts extends Omit<SweepPorts, "announcer">, Omit<RollbackPorts, "roles" | "usage"> {
  readonly findings: FindingStore;
  readonly control: ControlStore;
}

/** The guard on an account in memory, step by step, on a virtual clock. */
export interface World {
  readonly iam: SimulatedAccount;
  readonly batch: SimulatedBatch;
  readonly clock: VirtualClock;
  readonly control: ControlStore;
  readonly ports: WorldPorts;
  readonly settings: GuardSettings;
  /** The transitions that reached people, in order. */
  readonly announced: readonly Transition[];
  /** The outcomes of the requests for rollbacks, in order. */
  readonly rollbacks: readonly RollbackOutcome[];
  /** Makes a call to IAM as `by`. Throws if IAM refuses it. */
  act(call: IamCall, by?: ApiCaller): void;
  /** Makes a call to AWS Batch in a region as `by`. Throws if AWS Batch refuses it. */
  actOnBatch(call: BatchCall, region?: string, by?: ApiCaller): Promise<void>;
  /** Publishes the next default version of a policy by AWS. No event reports it. */
  publishAwsPolicy(policy: AwsPolicy): void;
  /** Adds an event of AWS Batch itself to the trail. */
  emit(envelope: object): void;
  /** Delivers every event, transition and recheck, and advances the clock, until none is left. */
  settle(): Promise<void>;
  sweep(): Promise<SweepReport>;
  findings(): Promise<readonly Finding[]>;
}

const enabled: readonly string[] = ["us-east-1", "eu-west-1"];
const listDisabled = () => listBatchRegions("aws").filter((region) => !enabled.includes(region));

// The visibility timeout of the rollback queue: six times its function's timeout.
const visibilitySeconds = 720;

/** Replacements of parts of the usual world. */
export interface WorldOptions {
  /** Wraps the writer of roles. */
  readonly writer?: (writer: RoleWriter) => RoleWriter;
  readonly config?: Config;
  readonly disorder?: Disorder;
  /** Reads secrets and keys; without it, the guard reads none. */
  readonly resources?: ResourceReader;
  /** Reads ECS agents; without it, the guard reads none. */
  readonly agents?: AgentReader;
  /** The account's Regions; without it, us-east-1 and eu-west-1 are enabled. */
  readonly accountRegions?: AccountRegions;
  /** Wraps the reader of roles. */
  readonly roles?: (reader: RoleReader) => RoleReader;
  /** The database of the stores, if the test writes to it. */
  readonly database?: Database;
}

/** Creates a world with three watched roles that match their references. */
export function aWorld({
  config = guardingAll,
  disorder = (bodies) => bodies,
  roles = (reader) => reader,
  writer = (door) => door,
  resources,
  agents,
  accountRegions = { status: "listed", enabled: [...enabled], notEnabled: listDisabled() },
  database = openDatabase(":memory:"),
}: WorldOptions = {}): World {
  const clock = createVirtualClock(noon);
  const ids = createIdGenerator();
  const iam = createSimulatedAccount({
    account: accountId,
    clock,
    ids,
    awsPolicies: listAwsPolicies(builtInReferences()),
  });
  prepare(iam);
  const batch = createSimulatedBatch({ iam, clock, ids });
  const rechecks = createRecheckQueue(clock);
  const control = createControlStore(database);
  const store = createFindingStore(database, { sinks: ["notify"] });
  const ports: WorldPorts = {
    roles: roles(iam.reader(guard)),
    writer: writer(iam.writer(guard)),
    // As the table's stream does: every committed transition is published.
    findings: {
      ...store,
      commit: async (commit) => {
        const ledger = await store.commit(commit);
        stream.push(...commit.transitions);
        return ledger;
      },
    },
    control,
    rechecks,
    batch: batch.reader,
    usage: createUsageStore(database),
    fullReads: createFullReadStore(database),
    symptoms: createSymptomStore(database),
    ...(resources && { resources }),
    ...(agents && { agents }),
    listRegions: async () => accountRegions,
    deletions: iam.keeper(guard),
    now: () => clock.now(),
    newId: () => ids.uuid(),
  };
  const settings: GuardSettings = { config, account: accountId, partition: "aws", guardRole };
  const announced: Transition[] = [];
  const rollbacks: RollbackOutcome[] = [];
  const stream: Transition[] = [];
  let postponed: { readonly at: number; readonly transition: Transition }[] = [];
  let trail: string[] = [];
  iam.onEvent((envelope) => trail.push(JSON.stringify(envelope)));
  batch.onEvent((envelope) => trail.push(JSON.stringify(envelope)));

  const receive = async (body: string) => {
    await inspectMessage(parseMessage(body), ports, settings);
    await publish();
  };
  const deliver = async (transition: Transition) => {
    announced.push(transition);
    await ports.findings.markDelivered(transition, "notify");
    if (rollbackKinds.includes(transition.kind)) await askForRollback(transition);
  };
  // As its queue does: a request that must wait is delivered again later.
  const askForRollback = async (transition: Transition) => {
    try {
      rollbacks.push(await rollBack(transition, rollbackPortsOf(ports), settings));
    } catch (error) {
      if (!(error instanceof RollbackUnderwayError)) throw error;
      postponed.push({ at: clock.now().getTime() + visibilitySeconds * 1000, transition });
    }
  };
  const nextAt = () => {
    const times = [rechecks.nextAt()?.getTime(), ...postponed.map(({ at }) => at)].filter(
      (at) => at !== undefined,
    );
    return times.length === 0 ? undefined : new Date(Math.min(...times));
  };
  const publish = async () => {
    for (let next = stream.shift(); next; next = stream.shift()) await deliver(next);
  };
  const world: World = {
    iam,
    batch,
    clock,
    control,
    ports,
    settings,
    announced,
    rollbacks,
    act(call, by = mallory) {
      const answer = iam.call(call, by);
      if (answer.status === "refused") throw new Error(`${call.call}: ${answer.code}: ${answer.message}`);
    },
    async actOnBatch(call, region = "us-east-1", by = mallory) {
      const answer = await batch.call(region, call, by);
      if (answer.status === "refused") throw new Error(`${call.call}: ${answer.code}: ${answer.message}`);
    },
    publishAwsPolicy: (policy) => iam.publishAwsPolicy(policy),
    emit: (envelope) => void trail.push(JSON.stringify(envelope)),
    async settle() {
      for (;;) {
        const delivered = disorder(trail);
        trail = [];
        for (const body of delivered) await receive(body);
        if (trail.length > 0) continue;
        const next = nextAt();
        if (!next) return;
        clock.advanceTo(next);
        for (const recheck of rechecks.due(clock.now())) await receive(formatRecheck(recheck));
        const due = postponed.filter(({ at }) => at <= next.getTime());
        postponed = postponed.filter(({ at }) => at > next.getTime());
        for (const { transition } of due) await askForRollback(transition);
        await publish();
      }
    },
    sweep: async () => {
      const announcer = {
        announce: async (transitions: readonly Transition[]) => {
          for (const transition of transitions) await deliver(transition);
        },
      };
      const report = await sweep({ ...ports, announcer }, settings);
      await publish();
      return report;
    },
    findings: async () => {
      const all: Finding[] = [];
      for await (const finding of ports.findings.findings()) all.push(finding);
      return all;
    },
  };
  return world;
}

/** The ports of a rollback and no others, so that a rollback that uses another fails. */
function rollbackPortsOf({ roles, findings, usage, control, writer, now, newId }: WorldPorts): RollbackPorts {
  return {
    roles: { read: roles.read },
    findings: { load: findings.load, commit: findings.commit },
    usage: { usesOf: usage.usesOf },
    control,
    writer,
    now,
    newId,
  };
}

function prepare(iam: SimulatedAccount): void {
  const make = (call: IamCall) => {
    const answer = iam.call(call, { kind: "root" });
    if (answer.status === "refused") throw new Error(`${call.call}: ${answer.message}`);
  };
  for (const roleName of ["AWSBatchServiceRole", "ecsTaskExecutionRole"]) {
    const { trust, attachments } = referenceOf(roleName);
    make({ call: "CreateRole", roleName, path: "/service-role/", assumeRolePolicyDocument: trust });
    for (const { arn } of attachments) make({ call: "AttachRolePolicy", roleName, policyArn: arn });
  }
  make({ call: "CreateServiceLinkedRole", awsServiceName: "batch.amazonaws.com" });
}
