import type { AccountRegions } from "@drift-guard/core/batch/account-regions";
import { listBatchRegions } from "@drift-guard/core/batch/regions";
import type { Config } from "@drift-guard/core/config/config";
import { maxReceives, pauseAfter } from "@drift-guard/core/config/retries";
import { StoreUnavailableError } from "@drift-guard/core/errors";
import { formatRecheck, parseMessage } from "@drift-guard/core/intake/message";
import { formatRollbackRequest, parseRollbackMessage } from "@drift-guard/core/intake/rollback-message";
import type { Finding } from "@drift-guard/core/model/finding";
import { type Instant, instantOf } from "@drift-guard/core/model/instant";
import { ObservingPhase } from "@drift-guard/core/model/observing";
import type { RollbackRequest } from "@drift-guard/core/model/rollback-request";
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
import { ControlItem, encodeItem } from "@drift-guard/core/store/items";
import { controlKeys } from "@drift-guard/core/store/keys";
import { createSimulatedBatch, type SimulatedBatch } from "@drift-guard/embedded/batch/batch";
import type { BatchCall } from "@drift-guard/embedded/batch/call";
import { createVirtualClock, type VirtualClock } from "@drift-guard/embedded/clock";
import { createSimulatedAccount, type SimulatedAccount } from "@drift-guard/embedded/iam/account";
import type { IamCall } from "@drift-guard/embedded/iam/call";
import type { ApiCaller } from "@drift-guard/embedded/iam/caller";
import { createIdGenerator } from "@drift-guard/embedded/iam/ids";
import { type AwsPolicy, listAwsPolicies } from "@drift-guard/embedded/iam/managed-policies";
import { createLookupQueue, createRecheckQueue, createRollbackQueue } from "@drift-guard/embedded/rechecks";
import { createChangeStore } from "@drift-guard/embedded/sqlite/changes";
import { createControlStore } from "@drift-guard/embedded/sqlite/control";
import { type Database, openDatabase } from "@drift-guard/embedded/sqlite/database";
import { createFindingStore } from "@drift-guard/embedded/sqlite/findings";
import { createFullReadStore } from "@drift-guard/embedded/sqlite/full-reads";
import { createSymptomStore } from "@drift-guard/embedded/sqlite/symptoms";
import { createUsageStore } from "@drift-guard/embedded/sqlite/usage";
import { inspectMessage } from "@drift-guard/guard/inspect/inspect";
import { rememberReadings } from "@drift-guard/guard/inspect/recent-readings";
import { type LookupReport, lookUpRole } from "@drift-guard/guard/lookup/lookup";
import type { GuardSettings, RollbackPorts, SweepPorts } from "@drift-guard/guard/ports";
import type { RollbackOutcome } from "@drift-guard/guard/rollback/outcome";
import { handleRollbackMessage } from "@drift-guard/guard/rollback/rollback";
import type { SweepReport } from "@drift-guard/guard/sweep/report";
import { sweep } from "@drift-guard/guard/sweep/sweep";
import { account as accountId, noon } from "../builders.ts";
import { guardingAll, referenceOf } from "../core/watched-roles.ts";
import { createHistory, type History } from "./history.ts";

/** The person who causes the drift. */
export const mallory: ApiCaller = { kind: "user", name: "mallory", sourceIp: "203.0.113.7" };
/** Another person than `mallory`. */
export const bob: ApiCaller = { kind: "user", name: "bob", sourceIp: "203.0.113.8" };
/** The role that rollbacks run as, and its session. */
export const guardRole = `arn:aws:iam::${accountId}:role/drift-guard-rollback`;
const guard: ApiCaller = { kind: "session", role: guardRole, session: "rollback" };

/** Reorders, duplicates or drops the events of one step, as a trail may. */
export type Disorder = (bodies: readonly string[]) => readonly string[];

/** The ports of every verb; each verb is handed its own. */
interface WorldPorts
  extends Omit<SweepPorts, "announcer" | "requests">,
    Omit<RollbackPorts, "roles" | "usage" | "control"> {
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
  /** CloudTrail's event history, for worlds with lookups. */
  readonly history: History;
  /** What lookups in the history found, in order. */
  readonly lookups: readonly LookupReport[];
  /** Keys of the changes that rechecks named and that were not found as they were kept, in order. */
  readonly forged: readonly string[];
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
  /**
   * Delivers every event, transition, recheck and request, and advances the clock, until none is left, or none within
   * `seconds`.
   */
  settle(seconds?: number): Promise<void>;
  sweep(): Promise<SweepReport>;
  findings(): Promise<readonly Finding[]>;
}

const enabled: readonly string[] = ["us-east-1", "eu-west-1"];
const listDisabled = () => listBatchRegions("aws").filter((region) => !enabled.includes(region));

/** Replacements of parts of the usual world. */
export interface WorldOptions {
  /** Wraps the writer of roles. */
  readonly writer?: (writer: RoleWriter) => RoleWriter;
  readonly config?: Config;
  readonly disorder?: Disorder;
  /** Whether the guard looks up in CloudTrail's event history what no event told; false without it. */
  readonly looksUp?: boolean;
  /** Reads secrets and keys; without it, the guard reads none. */
  readonly resources?: ResourceReader;
  /** Reads ECS agents; without it, the guard reads none. */
  readonly agents?: AgentReader;
  /** The account's Regions; without it, us-east-1 and eu-west-1 are enabled. */
  readonly accountRegions?: AccountRegions;
  /** Wraps the reader of roles. */
  readonly roles?: (reader: RoleReader) => RoleReader;
  /** Wraps the reader of roles of rollback alone. */
  readonly rollbackRoles?: (reader: Pick<RoleReader, "read">) => Pick<RoleReader, "read">;
  /** Wraps the control store. */
  readonly control?: (store: ControlStore) => ControlStore;
  /** Makes each call of rollback to a port, which it may cut off. */
  readonly rollbackCall?: <T>(call: () => Promise<T>) => Promise<T>;
  /** Whether rollback has known the roles for long; true without it. */
  readonly enrolled?: boolean;
  /** Whether the deployment is new, so that rollback only observes; false without it. */
  readonly observing?: boolean;
  /** Whether the queue of rollback loses a request. */
  readonly loseRequest?: (request: RollbackRequest) => boolean;
  /** Milliseconds that an invocation of rollback has left; without it, time does not run out. */
  readonly timeLeft?: () => number;
  /** Seconds by which the clock of rollback's function goes ahead of the others. */
  readonly rollbackAhead?: number;
  /** The database of the stores, if the test writes to it. */
  readonly database?: Database;
}

// Far more rounds than any test has; reaching it means an endless loop.
const maxRounds = 3000;

/** Creates a world with three watched roles that match their references. */
export function aWorld({
  config = guardingAll,
  disorder = (bodies) => bodies,
  roles = (reader) => reader,
  rollbackRoles = (reader) => reader,
  writer = (door) => door,
  control: wrapControl = (store) => store,
  loseRequest = () => false,
  rollbackCall,
  timeLeft,
  rollbackAhead = 0,
  looksUp = false,
  enrolled = true,
  observing = false,
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
  const roleIds = prepare(iam);
  if (enrolled) enrol(roleIds, database, observing);
  if (!observing) endObserving(database);
  const batch = createSimulatedBatch({ iam, clock, ids });
  const rechecks = createRecheckQueue(clock);
  const lookups = createLookupQueue(clock);
  const history = createHistory(clock);
  const queue = createRollbackQueue(clock);
  const requests = {
    ...queue,
    send: async (request: RollbackRequest, afterSeconds: number) => {
      if (!loseRequest(request)) await queue.send(request, afterSeconds);
    },
  };
  const control = wrapControl(createControlStore(database));
  const store = createFindingStore(database, { sinks: ["notify"] });
  const forged: string[] = [];
  const ports: WorldPorts = {
    roles: roles(iam.reader(guard)),
    policies: iam.policyReader(),
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
    requests,
    ...(looksUp && { lookups }),
    changes: createChangeStore(database, { onUnreadable: (itemKey) => forged.push(itemKey) }),
    batch: batch.reader,
    usage: createUsageStore(database),
    fullReads: createFullReadStore(database),
    symptoms: createSymptomStore(database),
    readings: rememberReadings(),
    ...(resources && { resources }),
    ...(agents && { agents }),
    listRegions: async () => accountRegions,
    deletions: iam.keeper(guard),
    now: () => clock.now(),
    newId: () => ids.uuid(),
  };
  const settings: GuardSettings = {
    config,
    account: accountId,
    partition: "aws",
    guardRole,
    session: "rollback",
  };
  const announced: Transition[] = [];
  const rollbacks: RollbackOutcome[] = [];
  const stream: Transition[] = [];
  let postponed: { readonly at: number; readonly body: string; readonly receives: number }[] = [];
  let trail: string[] = [];
  // When each event came into the queue. A repeated one is the same text.
  const sentAt = new Map<string, Instant>();
  const send = (envelope: object) => {
    const body = JSON.stringify(envelope);
    sentAt.set(body, instantOf(clock.now()));
    trail.push(body);
  };
  iam.onEvent(send);
  iam.onEvent(({ detail }) => history.add(detail));
  const reports: LookupReport[] = [];
  batch.onEvent(send);

  const receive = async (body: string) => {
    await inspectMessage(parseMessage(body), ports, settings, sentAt.get(body));
    await publish();
  };
  const deliver = async (transition: Transition) => {
    announced.push(transition);
    await ports.findings.markDelivered(transition, "notify");
    if (rollbackKinds.includes(transition.kind)) await receiveRequest(envelopeOf(transition), 1);
  };
  // As its queue does: a message that failed is delivered again later.
  const receiveRequest = async (body: string, receives: number) => {
    try {
      rollbacks.push(
        await handleRollbackMessage(
          parseRollbackMessage(body),
          rollbackPortsOf(
            {
              ...ports,
              roles: { ...ports.roles, ...rollbackRoles(ports.roles) },
              now: () => new Date(clock.now().getTime() + rollbackAhead * 1000),
            },
            timeLeft,
            rollbackCall,
          ),
          settings,
        ),
      );
    } catch (error) {
      if (!isLikelyTransient(error)) throw error;
      if (receives === maxReceives) return;
      const at = clock.now().getTime() + pauseAfter(receives) * 1000;
      postponed.push({ at, body, receives: receives + 1 });
    }
  };
  const nextAt = () => {
    const times = [
      rechecks.nextAt()?.getTime(),
      requests.nextAt()?.getTime(),
      lookups.nextAt()?.getTime(),
      ...postponed.map(({ at }) => at),
    ].filter((at) => at !== undefined);
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
    history,
    lookups: reports,
    forged,
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
    emit: send,
    async settle(seconds = Number.POSITIVE_INFINITY) {
      const end = clock.now().getTime() + seconds * 1000;
      for (let round = 0; ; round += 1) {
        if (round > maxRounds) throw new Error(`The world does not settle in ${maxRounds} rounds.`);
        const delivered = disorder(trail);
        trail = [];
        for (const body of delivered) await receive(body);
        if (trail.length > 0) continue;
        const next = nextAt();
        if (!next || next.getTime() > end) return;
        if (next > clock.now()) clock.advanceTo(next);
        for (const recheck of rechecks.due(clock.now())) await receive(formatRecheck(recheck));
        for (const request of lookups.due(clock.now()))
          reports.push(await lookUpRole(request, { ...ports, lookups, trail: history }, settings));
        for (const request of requests.due(clock.now()))
          await receiveRequest(formatRollbackRequest(request), 1);
        const due = postponed.filter(({ at }) => at <= next.getTime());
        postponed = postponed.filter(({ at }) => at > next.getTime());
        for (const { body, receives } of due) await receiveRequest(body, receives);
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
      for await (const finding of ports.findings.listFindings()) all.push(finding);
      return all;
    },
  };
  return world;
}

/** The envelope in which the guard's bus delivers a transition to the rollback queue. */
function envelopeOf(transition: Transition): string {
  return JSON.stringify({ source: "drift-guard", "detail-type": "Transition", detail: transition });
}

// A crash of the function, or a store that cannot be reached for a while.
function isLikelyTransient(error: unknown): boolean {
  return error instanceof CrashError || error instanceof StoreUnavailableError;
}

/** A function that was stopped in the middle, as Lambda does when its time is over. */
export class CrashError extends Error {
  override readonly name = "CrashError";
}

/** The ports of a rollback and no others, so that a rollback that uses another fails. */
function rollbackPortsOf(
  { roles, findings, usage, control, requests, policies, writer, now, newId }: WorldPorts,
  timeLeft: (() => number) | undefined,
  make: NonNullable<WorldOptions["rollbackCall"]> = (call) => call(),
): RollbackPorts {
  const cut =
    <P extends readonly unknown[], T>(call: (...parameters: P) => Promise<T>) =>
    (...parameters: P) =>
      make(() => call(...parameters));
  return {
    roles: { read: cut(roles.read) },
    findings: { load: cut(findings.load), commit: cut(findings.commit) },
    usage: { usesOf: cut(usage.usesOf) },
    control: {
      load: cut(control.load),
      commit: cut(control.commit),
      saveObserving: cut(control.saveObserving),
      spendRestoring: cut(control.spendRestoring),
      hasRestoringLeft: cut(control.hasRestoringLeft),
    },
    requests: { send: cut(requests.send) },
    policies: { readPolicy: cut(policies.readPolicy) },
    writer: { apply: cut(writer.apply) },
    now,
    newId,
    ...(timeLeft && { timeLeft }),
  };
}

/** Stores that rollback read the configured roles clean long ago. */
function enrol(roleIds: ReadonlyMap<string, string>, { sqlite }: Database, observing: boolean): void {
  const at = "2026-01-01T00:00:00Z";
  for (const [name, roleId] of roleIds) {
    const role = { account: accountId, name };
    const item = encodeItem(ControlItem, {
      role,
      version: 1,
      enrolment: { roleId, at, cleanAt: at },
      ...(observing && { observing: { version: 1, since: noon } }),
    });
    sqlite
      .prepare("INSERT OR IGNORE INTO control (pk, sk, item) VALUES (?, ?, ?)")
      .run(controlKeys.partition(role), controlKeys.control, JSON.stringify(item));
  }
}

/** Stores that rollback acts in the account. */
function endObserving({ sqlite }: Database): void {
  const phase = { version: 1, since: noon, ended: { at: noon } };
  sqlite
    .prepare("INSERT OR IGNORE INTO control (pk, sk, item) VALUES (?, ?, ?)")
    .run(
      controlKeys.account(accountId),
      controlKeys.observing,
      JSON.stringify(encodeItem(ObservingPhase, phase)),
    );
}

/** Creates the roles of the usual world. Returns the ids of those that rollback may write, by name. */
function prepare(iam: SimulatedAccount): ReadonlyMap<string, string> {
  const make = (call: IamCall) => {
    const answer = iam.call(call, { kind: "root" });
    if (answer.status === "refused") throw new Error(`${call.call}: ${answer.message}`);
    return answer.result;
  };
  const ids = new Map<string, string>();
  for (const roleName of ["AWSBatchServiceRole", "ecsTaskExecutionRole"]) {
    const { trust, attachments } = referenceOf(roleName);
    const made = make({
      call: "CreateRole",
      roleName,
      path: "/service-role/",
      assumeRolePolicyDocument: trust,
    });
    if (made.kind === "role") ids.set(roleName, made.id);
    for (const { arn } of attachments) make({ call: "AttachRolePolicy", roleName, policyArn: arn });
  }
  make({ call: "CreateServiceLinkedRole", awsServiceName: "batch.amazonaws.com" });
  return ids;
}
