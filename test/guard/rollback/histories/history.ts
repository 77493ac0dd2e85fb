import assert from "node:assert/strict";
import { listBatchRegions } from "@drift-guard/core/batch/regions";
import { type Config, type ConfigInput, defineConfig } from "@drift-guard/core/config/config";
import { RoleUnreadableError, StepUnansweredError, StoreUnavailableError } from "@drift-guard/core/errors";
import { formatRecheck, parseMessage } from "@drift-guard/core/intake/message";
import { formatRollbackRequest, parseRollbackMessage } from "@drift-guard/core/intake/rollback-message";
import type { Control } from "@drift-guard/core/model/control";
import type { Step } from "@drift-guard/core/model/plan";
import type { RoleKey, RoleReading } from "@drift-guard/core/model/role";
import { rollbackKinds, type Transition } from "@drift-guard/core/model/transition";
import type { ControlStore, FindingStore, StepTrace } from "@drift-guard/core/ports";
import { createSimulatedBatch } from "@drift-guard/embedded/batch/batch";
import { createVirtualClock, type VirtualClock } from "@drift-guard/embedded/clock";
import { createSimulatedAccount, type SimulatedAccount } from "@drift-guard/embedded/iam/account";
import type { IamCall } from "@drift-guard/embedded/iam/call";
import type { ApiCaller } from "@drift-guard/embedded/iam/caller";
import { createIdGenerator } from "@drift-guard/embedded/iam/ids";
import { createChangeStore } from "@drift-guard/embedded/sqlite/changes";
import { createControlStore } from "@drift-guard/embedded/sqlite/control";
import { openDatabase } from "@drift-guard/embedded/sqlite/database";
import { createFindingStore } from "@drift-guard/embedded/sqlite/findings";
import { createUsageStore } from "@drift-guard/embedded/sqlite/usage";
import { inspectMessage } from "@drift-guard/guard/inspect/inspect";
import type { GuardSettings, RollbackPorts, SweepPorts } from "@drift-guard/guard/ports";
import type { RollbackOutcome } from "@drift-guard/guard/rollback/outcome";
import { handleRollbackMessage } from "@drift-guard/guard/rollback/rollback";
import { SweepIncompleteError } from "@drift-guard/guard/sweep/report";
import { sweep } from "@drift-guard/guard/sweep/sweep";
import { account as accountId, noon } from "../../../builders.ts";
import { beginInvocation, CrashError, type Fault, type Invocation } from "./invocation.ts";
import {
  admissions,
  floorName,
  floorText,
  jobsPolicy,
  jobsText,
  reference,
  roleName,
  trusts,
} from "./worker.ts";

/** The role that rollbacks run as. */
const guardRole = `arn:aws:iam::${accountId}:role/drift-guard-rollback`;
const pipelineRole = `arn:aws:iam::${accountId}:role/pipeline`;
const guard: ApiCaller = { kind: "session", role: guardRole, session: "rollback" };

/** Who changes the role, by what they are to the guard. */
export const actors = {
  owner: { kind: "user", name: "ann" },
  pipeline: { kind: "session", role: pipelineRole, session: "run-1" },
  attacker: { kind: "user", name: "mallory", sourceIp: "203.0.113.7" },
  rival: {
    kind: "session",
    role: `arn:aws:iam::${accountId}:role/other-guard`,
    session: "rollback",
    userAgent: "aws-sdk-js/3 drift-guard/11111111-1111-1111-1111-111111111111#0",
  },
} as const satisfies Readonly<Record<string, ApiCaller>>;
export type ActorName = keyof typeof actors;

/** What the owner chose. */
export interface Choice {
  readonly rollback: NonNullable<ConfigInput["roles"][string]["rollback"]>;
  /** Whether the pipeline is a trusted actor. */
  readonly trustsPipeline: boolean;
  readonly restoringPerHour: number;
  /** Whether a read found the role clean long ago. */
  readonly isEnrolled: boolean;
}

/** A message that waits in a queue. */
interface Message {
  readonly queue: "changes" | "rollback";
  readonly body: string;
  /** When it can be received, in milliseconds. */
  readonly at: number;
  readonly receives: number;
  /** Whether it comes from CloudTrail or EventBridge, which may lose it. */
  readonly isEvent: boolean;
}

/** The role after a call of IAM. */
interface RoleState {
  readonly at: number;
  readonly reading: RoleReading;
  readonly byGuard: boolean;
}

/** A time in which a stranger could assume the role. */
interface Exposure {
  readonly roleId: string;
  /** Number of the state that began it. */
  readonly state: number;
  /** CloudTrail's id of the call that began it. */
  readonly changeId: string;
  to?: number;
  /** Whether rollback read the role meanwhile, or got the message about that call. */
  isKnown: boolean;
}

/** A write of the guard: the role before and after it, and how old the guard's knowledge was. */
export interface GuardWrite {
  readonly step: Step;
  readonly trace: StepTrace;
  readonly before: RoleReading;
  readonly after: RoleReading;
  /** Whether somebody changed the role since the guard's last read, or that read showed an older state. */
  readonly isRace: boolean;
  readonly at: number;
}

/** The guard, an account and everything in between, of which each part may fail. */
export interface History {
  readonly choice: Choice;
  readonly config: Config;
  readonly settings: GuardSettings;
  readonly iam: SimulatedAccount;
  readonly clock: VirtualClock;
  readonly control: ControlStore;
  readonly findings: FindingStore;
  readonly states: readonly RoleState[];
  readonly exposures: readonly Exposure[];
  readonly writes: readonly GuardWrite[];
  readonly transitions: readonly Transition[];
  readonly outcomes: readonly RollbackOutcome[];
  /** CloudTrail's ids of calls by a thief of the guard's credentials. */
  readonly thefts: readonly string[];
  /** Those that IAM refused, or whose record was lost: they may be reported. */
  readonly otherThefts: readonly string[];
  /** Faults that stay until they are lifted. */
  readonly faults: {
    /** Reads that IAM throttles. */
    throttled: number;
    /** Calls whose answer is lost, and whether IAM carried them out. */
    unanswered: { count: number; isCarriedOut: boolean };
    /** Reads that show the role as it was so many seconds ago. */
    stale: { count: number; seconds: number };
    /** Messages to the stores that fail. */
    unavailable: number;
  };
  /** How often somebody sets their own state again after a write by the guard. */
  rivalry: { left: number; calls: readonly IamCall[] };
  act(call: IamCall, by: ApiCaller): void;
  steal(call: IamCall): void;
  /** Returns the control record of the role. */
  record(): Promise<Control>;
  /** Returns the role as it is. */
  truth(): Promise<RoleReading>;
  /** Puts a message into a queue. */
  send(queue: Message["queue"], body: string, seconds?: number): void;
  /** Handles one of the messages that can be received; the next one that will be if there is none. */
  deliver(pick: number, fault: Fault): Promise<boolean>;
  lose(pick: number): void;
  repeat(pick: number): void;
  delay(pick: number, seconds: number): void;
  sweep(fault: Fault): Promise<void>;
  /** Delivers all messages in order until none is due within `seconds`, and advances the clock by that. */
  settle(seconds: number): Promise<void>;
}

// Six times the functions' timeouts.
const visibilitySeconds = { changes: 360, rollback: 720 };
const maxReceives = 5;
const longestSettling = 20_000;

/** Begins a history in which the role is as its reference says. */
export async function beginHistory(
  choice: Choice,
  laws: (write: GuardWrite, history: History) => Promise<void>,
): Promise<History> {
  const clock = createVirtualClock(noon);
  const ids = createIdGenerator();
  const iam = createSimulatedAccount({
    account: accountId,
    clock,
    ids,
    awsPolicies: [{ arn: jobsPolicy, version: "v1", text: jobsText }],
  });
  prepare(iam);
  const config = defineConfig({
    roles: { [roleName]: { rollback: choice.rollback } },
    references: [reference],
    trustedActors: choice.trustsPipeline ? [pipelineRole] : [],
    restoringPerHour: choice.restoringPerHour,
  });
  const settings: GuardSettings = {
    config,
    account: accountId,
    partition: "aws",
    guardRole,
    session: "rollback",
  };
  const database = openDatabase(":memory:");
  const control = keepControl(createControlStore(database));
  const findings = keepFindings(createFindingStore(database));
  // AWS Batch uses nothing in these histories.
  const usage = { ...createUsageStore(database), usesOf: async () => [] };
  const changes = createChangeStore(database);
  const policies = iam.policyReader();
  const batch = createSimulatedBatch({ iam, clock, ids });
  const key = { account: accountId, name: roleName };
  const observer = iam.reader({ kind: "root" });
  const reader = iam.reader(guard);
  const writer = iam.writer(guard);
  const states: RoleState[] = [];
  const exposures: Exposure[] = [];
  const writes: GuardWrite[] = [];
  const transitions: Transition[] = [];
  const outcomes: RollbackOutcome[] = [];
  const thefts: string[] = [];
  const otherThefts: string[] = [];
  const pending: Promise<void>[] = [];
  let messages: Message[] = [];
  let isGuardCalling = false;

  const put = (message: Omit<Message, "at" | "receives">, seconds: number) => {
    messages.push({ ...message, at: clock.now().getTime() + seconds * 1000, receives: 0 });
  };
  const note = async (changeId: string, byGuard: boolean) => {
    const at = clock.now().getTime();
    const reading = await observer.read(roleName);
    states.push({ at, reading, byGuard });
    const current = exposures.at(-1);
    const open = current?.to === undefined ? current : undefined;
    const role = reading.status === "present" ? reading.role : undefined;
    const isExposed = role !== undefined && admissions(role).includes(true);
    if (open && (!isExposed || role.id !== open.roleId)) open.to = at;
    if (isExposed && open?.roleId !== role.id)
      exposures.push({ roleId: role.id, state: states.length - 1, changeId, isKnown: false });
  };
  const flush = async () => {
    for (let next = pending.shift(); next; next = pending.shift()) await next;
  };
  iam.onEvent((envelope) => {
    const { detail } = envelope;
    put({ queue: "changes", body: JSON.stringify(envelope), isEvent: true }, 1);
    pending.push(note(String(detail.eventID), isGuardCalling));
  });

  const callAsGuard = async (step: Step, trace: StepTrace) => {
    isGuardCalling = true;
    try {
      return await writer.apply(step, trace);
    } finally {
      isGuardCalling = false;
      await flush();
    }
  };

  const portsOf = (invocation: Invocation, isRollback: boolean): SweepPorts & RollbackPorts => {
    const store = <P extends readonly unknown[], T>(call: (...parameters: P) => Promise<T>) => {
      return (...parameters: P) =>
        invocation.pass(async () => {
          if (history.faults.unavailable > 0) {
            history.faults.unavailable -= 1;
            throw new StoreUnavailableError("the table cannot be reached");
          }
          return call(...parameters);
        });
    };
    return {
      roles: {
        ...reader,
        read: (name) =>
          invocation.pass(async () => {
            clock.advance(0.2);
            if (history.faults.throttled > 0) {
              history.faults.throttled -= 1;
              throw new RoleUnreadableError(`The role ${name} could not be read: Throttling.`);
            }
            const number = findSeen(states, history.faults.stale, clock);
            invocation.seen = number;
            if (isRollback) {
              for (const exposure of exposures) {
                const until = states.findIndex(
                  ({ at }, index) => index > exposure.state && exposure.to !== undefined && at >= exposure.to,
                );
                if (number >= exposure.state && (until === -1 || number < until)) exposure.isKnown = true;
              }
            }
            return states[number]?.reading ?? { status: "absent", account: accountId, name };
          }),
        async *readMany(names) {
          for (const name of names) yield await this.read(name);
        },
      },
      writer: {
        apply: (step, trace) =>
          invocation.pass(async () => {
            clock.advance(0.2);
            const lost = history.faults.unanswered.count > 0;
            if (lost) history.faults.unanswered.count -= 1;
            const unanswered = () => new StepUnansweredError("the connection was lost");
            if (lost && !history.faults.unanswered.isCarriedOut) throw unanswered();
            const before = await observer.read(roleName);
            const number = invocation.seen ?? -1;
            const isRace = states.slice(number + 1).some(({ byGuard }) => !byGuard);
            const receipt = await callAsGuard(step, trace);
            const after = await observer.read(roleName);
            const write = { step, trace, before, after, isRace, at: clock.now().getTime() };
            writes.push(write);
            await laws(write, history);
            const { rivalry } = history;
            if (rivalry.left > 0) {
              rivalry.left -= 1;
              for (const call of rivalry.calls) history.act(call, actors.rival);
              await flush();
            }
            if (lost) throw unanswered();
            return receipt;
          }),
      },
      findings: {
        ...findings,
        load: store(findings.load),
        commit: store(async (commit) => {
          const ledger = await findings.commit(commit);
          transitions.push(...commit.transitions);
          for (const transition of commit.transitions) {
            if (rollbackKinds.includes(transition.kind))
              put({ queue: "rollback", body: envelopeOf(transition), isEvent: true }, 1);
          }
          return ledger;
        }),
      },
      control: {
        ...control,
        load: store(control.load),
        commit: store(control.commit),
        spendRestoring: store(control.spendRestoring),
      },
      requests: {
        send: (request, seconds) =>
          invocation.pass(() =>
            put({ queue: "rollback", body: formatRollbackRequest(request), isEvent: false }, seconds),
          ),
      },
      rechecks: {
        schedule: (recheck, seconds) =>
          invocation.pass(() =>
            put({ queue: "changes", body: formatRecheck(recheck), isEvent: false }, seconds),
          ),
      },
      changes,
      policies,
      batch: batch.reader,
      usage,
      listRegions: async () => ({
        status: "listed",
        enabled: ["us-east-1"],
        notEnabled: listBatchRegions("aws").filter((region) => region !== "us-east-1"),
      }),
      announcer: {
        announce: async (some) => {
          for (const transition of some) {
            if (rollbackKinds.includes(transition.kind))
              put({ queue: "rollback", body: envelopeOf(transition), isEvent: true }, 1);
          }
        },
      },
      now: () => clock.now(),
      newId: () => ids.uuid(),
      timeLeft: invocation.timeLeft,
    };
  };

  const receive = async (message: Message, fault: Fault) => {
    const isRollback = message.queue === "rollback";
    const ports = portsOf(beginInvocation(fault), isRollback);
    try {
      if (isRollback) {
        const parsed = parseRollbackMessage(message.body);
        outcomes.push(await handleRollbackMessage(parsed, ports, settings));
        if ("changed" in parsed) {
          const { id } = parsed.changed.change;
          for (const exposure of exposures) if (exposure.changeId === id) exposure.isKnown = true;
        }
      } else await inspectMessage(parseMessage(message.body), ports, settings);
    } catch (error) {
      if (!isExpected(error)) throw error;
      const at = clock.now().getTime() + visibilitySeconds[message.queue] * 1000;
      const receives = message.receives + 1;
      if (receives < maxReceives) messages.push({ ...message, at, receives });
      else forget(message);
    }
    await flush();
  };
  const take = (pick: number, isEligible: (message: Message) => boolean): Message | undefined => {
    const some = messages.filter(isEligible).toSorted((a, b) => a.at - b.at);
    return some[pick % Math.max(some.length, 1)];
  };
  const forget = ({ body }: Message) => {
    const index = thefts.findIndex((id) => body.includes(id));
    if (index !== -1) otherThefts.push(...thefts.splice(index, 1));
  };
  const remove = (message: Message) => {
    messages = messages.filter((each) => each !== message);
  };
  const isEvent = (message: Message) => message.isEvent;

  const history: History = {
    choice,
    config,
    settings,
    iam,
    clock,
    control,
    findings,
    states,
    exposures,
    writes,
    transitions,
    outcomes,
    thefts,
    otherThefts,
    faults: {
      throttled: 0,
      unanswered: { count: 0, isCarriedOut: false },
      stale: { count: 0, seconds: 0 },
      unavailable: 0,
    },
    rivalry: { left: 0, calls: [] },
    act: (call, by) => void iam.call(call, by),
    steal(call) {
      const stop = iam.onEvent(({ detail }) => {
        (detail.errorCode === undefined ? thefts : otherThefts).push(String(detail.eventID));
      });
      iam.call(call, { ...guard, sourceIp: "198.51.100.9" });
      stop();
    },
    record: () => control.load(key),
    truth: () => observer.read(roleName),
    send: (queue, body, seconds = 0) => put({ queue, body, isEvent: true }, seconds),
    async deliver(pick, fault) {
      await flush();
      const now = clock.now().getTime();
      const message = take(pick, ({ at }) => at <= now) ?? take(0, () => true);
      if (message === undefined) return false;
      clock.advanceTo(new Date(message.at));
      remove(message);
      await receive(message, fault);
      return true;
    },
    lose(pick) {
      const message = take(pick, isEvent);
      if (message === undefined) return;
      remove(message);
      forget(message);
    },
    repeat(pick) {
      const message = take(pick, isEvent);
      if (message) messages.push({ ...message, at: message.at + 1000 });
    },
    delay(pick, seconds) {
      const message = take(pick, isEvent);
      if (message === undefined) return;
      remove(message);
      messages.push({ ...message, at: message.at + seconds * 1000 });
    },
    async sweep(fault) {
      await flush();
      try {
        await sweep(portsOf(beginInvocation(fault), false), settings);
      } catch (error) {
        if (!(error instanceof SweepIncompleteError) && !isExpected(error)) throw error;
      }
      await flush();
    },
    async settle(seconds) {
      const end = clock.now().getTime() + seconds * 1000;
      for (let count = 0; ; count += 1) {
        assert.ok(count < longestSettling, "the guard comes to rest");
        await flush();
        const next = take(0, () => true);
        if (next === undefined || next.at > end) break;
        await history.deliver(0, {});
      }
      clock.advanceTo(new Date(end));
    },
  };
  await note("", false);
  if (choice.isEnrolled) {
    const before = await control.load(key);
    const first = states[0]?.reading;
    assert.ok(first?.status === "present");
    const at = "2026-01-01T00:00:00Z";
    await control.commit({
      before,
      after: { ...before, enrolment: { roleId: first.role.id, at, cleanAt: at } },
    });
  }
  messages = [];
  return history;
}

/** Keeps the one control record until something is written: parsing it takes longer than the rest of a history. */
function keepControl(store: ControlStore): ControlStore {
  const record = keep(store.load);
  return {
    ...store,
    load: record.load,
    commit: (commit) => record.write(() => store.commit(commit)),
    decide: (role, decision) => record.write(() => store.decide(role, decision)),
  };
}

/** Keeps the one ledger until something is written. */
function keepFindings(store: FindingStore): FindingStore {
  const ledger = keep(store.load);
  return { ...store, load: ledger.load, commit: (commit) => ledger.write(() => store.commit(commit)) };
}

function keep<T>(load: (role: RoleKey) => Promise<T>) {
  const known = new Map<string, Promise<T>>();
  return {
    load: (role: RoleKey): Promise<T> => {
      const loaded = known.get(role.name) ?? load(role);
      known.set(role.name, loaded);
      return loaded;
    },
    async write<R>(write: () => Promise<R>): Promise<R> {
      try {
        return await write();
      } finally {
        known.clear();
      }
    },
  };
}

function findSeen(
  states: readonly RoleState[],
  stale: { count: number; seconds: number },
  clock: VirtualClock,
): number {
  const newest = states.length - 1;
  if (stale.count === 0) return newest;
  stale.count -= 1;
  const then = clock.now().getTime() - stale.seconds * 1000;
  return Math.max(
    0,
    states.findLastIndex(({ at }) => at <= then),
  );
}

/** The envelope in which the guard's bus delivers a transition to the rollback queue. */
function envelopeOf(transition: Transition): string {
  return JSON.stringify({ source: "drift-guard", "detail-type": "Transition", detail: transition });
}

function isExpected(error: unknown): boolean {
  return (
    error instanceof CrashError ||
    error instanceof StoreUnavailableError ||
    error instanceof RoleUnreadableError
  );
}

function prepare(iam: SimulatedAccount): void {
  const calls: readonly IamCall[] = [
    { call: "CreateRole", roleName, assumeRolePolicyDocument: trusts.clean },
    { call: "AttachRolePolicy", roleName, policyArn: jobsPolicy },
    { call: "PutRolePolicy", roleName, policyName: floorName, policyDocument: floorText },
    {
      call: "CreatePolicy",
      policyName: "rogue",
      policyDocument: JSON.stringify({
        Version: "2012-10-17",
        Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }],
      }),
    },
    {
      call: "CreatePolicy",
      policyName: "bound",
      policyDocument: JSON.stringify({
        Version: "2012-10-17",
        Statement: [{ Effect: "Allow", Action: "ssm:*", Resource: "*" }],
      }),
    },
  ];
  for (const call of calls) {
    const answer = iam.call(call, { kind: "root" });
    assert.equal(answer.status, "done", call.call);
  }
}
