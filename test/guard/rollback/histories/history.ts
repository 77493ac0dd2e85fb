import assert from "node:assert/strict";
import { type Config, defineConfig } from "@drift-guard/core/config/config";
import { RoleUnreadableError, StoreUnavailableError } from "@drift-guard/core/errors";
import { parseMessage } from "@drift-guard/core/intake/message";
import { parseRollbackMessage } from "@drift-guard/core/intake/rollback-message";
import type { Approval } from "@drift-guard/core/model/approval";
import type { Control } from "@drift-guard/core/model/control";
import { instantOf } from "@drift-guard/core/model/instant";
import type { Ledger } from "@drift-guard/core/model/ledger";
import type { RoleReading } from "@drift-guard/core/model/role";
import type { Transition } from "@drift-guard/core/model/transition";
import type { ControlStore, FindingStore } from "@drift-guard/core/ports";
import { createSimulatedBatch } from "@drift-guard/embedded/batch/batch";
import { createVirtualClock, type VirtualClock } from "@drift-guard/embedded/clock";
import type { IamCall } from "@drift-guard/embedded/iam/call";
import type { ApiCaller } from "@drift-guard/embedded/iam/caller";
import type { EventEnvelope } from "@drift-guard/embedded/iam/cloudtrail";
import { createIdGenerator } from "@drift-guard/embedded/iam/ids";
import { createChangeStore } from "@drift-guard/embedded/sqlite/changes";
import { createControlStore } from "@drift-guard/embedded/sqlite/control";
import { openDatabase } from "@drift-guard/embedded/sqlite/database";
import { createFindingStore } from "@drift-guard/embedded/sqlite/findings";
import { createUsageStore } from "@drift-guard/embedded/sqlite/usage";
import { inspectMessage } from "@drift-guard/guard/inspect/inspect";
import { rememberReadings } from "@drift-guard/guard/inspect/recent-readings";
import type { GuardSettings, RollbackPorts } from "@drift-guard/guard/ports";
import type { RollbackOutcome } from "@drift-guard/guard/rollback/outcome";
import { handleRollbackMessage } from "@drift-guard/guard/rollback/rollback";
import { SweepIncompleteError } from "@drift-guard/guard/sweep/report";
import { sweep } from "@drift-guard/guard/sweep/sweep";
import { account as accountId, noon } from "../../../builders.ts";
import { createRecordedAccount, type RecordedAccount } from "./account.ts";
import { actors, guard, guardRole, pipelineRole } from "./actors.ts";
import type { Choice } from "./choice.ts";
import { beginInvocation, CrashError, type Fault, type Invocation, interleave } from "./invocation.ts";
import { createFailingPorts, type GuardWrite, noFaults, noteReads, type StandingFaults } from "./ports.ts";
import { createQueues, type Message, type Queues } from "./queues.ts";
import { keepControl, keepFindings } from "./stores.ts";
import { references, roleName } from "./worker.ts";

/** A rollback as it was first stored. */
interface Start {
  readonly findings: readonly string[];
  readonly causes: Control["causes"];
}

/** The guard, an account and everything in between, of which each part may fail. */
export interface History extends Pick<RecordedAccount, "states" | "exposures"> {
  readonly choice: Choice;
  readonly config: Config;
  readonly settings: GuardSettings;
  readonly clock: VirtualClock;
  readonly control: ControlStore;
  readonly findings: FindingStore;
  readonly writes: readonly GuardWrite[];
  readonly transitions: readonly Transition[];
  readonly outcomes: readonly RollbackOutcome[];
  /** The findings of each rollback that was stored, and the causes that were known when it started, by its id. */
  readonly started: ReadonlyMap<string, Start>;
  /** Whether the pipeline changed anything. */
  readonly hasPipelineActed: boolean;
  /** CloudTrail's ids of calls by a thief of the guard's credentials. */
  readonly thefts: readonly string[];
  /** Those that IAM refused, or whose record was lost: they may be reported. */
  readonly otherThefts: readonly string[];
  readonly faults: StandingFaults;
  /** Every approval that was given; the control record has the last one of each finding. */
  readonly approvals: Approval[];
  /** How often somebody sets their own state again after a write by the guard. */
  rivalry: { left: number; calls: readonly IamCall[] };
  act(call: IamCall, by: ApiCaller): void;
  steal(call: IamCall): void;
  /** Returns the control record of the role. */
  record(): Promise<Control>;
  /** Returns the role as it is. */
  truth(): Promise<RoleReading>;
  /** The ports of an invocation in which nothing fails. */
  ports(): RollbackPorts;
  /** Puts a message into a queue. */
  send(queue: Message["queue"], body: string): void;
  /** Handles one of the messages that can be received; the next one that will be if there is none. */
  deliver(pick: number, fault: Fault): Promise<boolean>;
  /** Handles two messages at the same time, in an order of their calls (`interleave`). */
  deliverTogether(order: readonly boolean[]): Promise<void>;
  lose(pick: number): void;
  repeat: Queues["repeat"];
  delay: Queues["delay"];
  sweep(fault: Fault): Promise<void>;
  /** Delivers all messages in order until none is due within `seconds`, and advances the clock by that. */
  settle(seconds: number): Promise<void>;
}

const longestSettling = 20_000;
const key = { account: accountId, name: roleName };

/** What holds at every moment of a history. Both throw `AssertionError` where it does not. */
export interface Laws {
  /** Called after each write of the guard. */
  onWrite(write: GuardWrite, history: History): Promise<void>;
  /** Called with each stored findings ledger. */
  onLedger(ledger: Ledger, history: History): void;
}

/** Begins a history in which the role is as its reference says. */
export async function beginHistory(choice: Choice, laws: Laws): Promise<History> {
  const clock = createVirtualClock(noon);
  const ids = createIdGenerator();
  const queues = createQueues(clock);
  const account = await createRecordedAccount({ clock, ids, choice }, (envelope) => {
    const body = JSON.stringify(shiftTime(envelope, choice));
    queues.put({ queue: "changes", body, isUncertain: true }, 1);
  });
  const { flush, observer } = account;
  const config = defineConfig({
    roles: { [roleName]: { rollback: choice.rollback } },
    references: [references[choice.reference]],
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
  const writes: GuardWrite[] = [];
  const transitions: Transition[] = [];
  const outcomes: RollbackOutcome[] = [];
  const thefts: string[] = [];
  const otherThefts: string[] = [];
  const started = new Map<string, Start>();
  let hasPipelineActed = false;
  const faults = noFaults();
  const surroundings = {
    account,
    batch: createSimulatedBatch({ iam: account.iam, clock, ids }),
    clock,
    ids,
    queues,
    control,
    findings,
    changes: createChangeStore(database),
    // AWS Batch uses nothing in these histories.
    usage: { ...createUsageStore(database), usesOf: async () => [] },
    readings: rememberReadings(),
    faults,
    transitions,
    async onWrite(write: GuardWrite) {
      writes.push(write);
      await laws.onWrite(write, history);
      const { rivalry } = history;
      if (rivalry.left === 0) return;
      rivalry.left -= 1;
      for (const call of rivalry.calls) history.act(call, actors.rival);
      await flush();
    },
    onControl({ rollbacks, causes }: Control) {
      for (const { id, plan } of rollbacks) {
        if (!started.has(id)) started.set(id, { findings: plan.findings, causes });
      }
    },
    onLedger: (ledger: Ledger) => laws.onLedger(ledger, history),
  };
  const portsOf = (invocation: Invocation, isRollback: boolean) =>
    createFailingPorts(surroundings, invocation, isRollback);

  const handle = async (message: Message, fault: Fault) => {
    const isRollback = message.queue === "rollback";
    const invocation = beginInvocation(fault);
    const ports = portsOf(invocation, isRollback);
    try {
      if (isRollback) {
        const parsed = parseRollbackMessage(message.body);
        outcomes.push(await handleRollbackMessage(parsed, ports, settings));
        noteReads(account, invocation);
        if ("changed" in parsed) account.noteMessage(parsed.changed.change.id);
      } else {
        const sentAt = instantOf(new Date(message.sentAt));
        await inspectMessage(parseMessage(message.body), ports, settings, sentAt);
      }
    } catch (error) {
      if (!isExpected(error)) throw error;
      if (!queues.putBack(message)) forget(message);
    }
    await flush();
  };
  const forget = ({ body }: Message) => {
    const index = thefts.findIndex((id) => body.includes(id));
    if (index !== -1) otherThefts.push(...thefts.splice(index, 1));
  };

  const history: History = {
    choice,
    config,
    settings,
    clock,
    control,
    findings,
    states: account.states,
    exposures: account.exposures,
    approvals: [],
    writes,
    transitions,
    outcomes,
    started,
    get hasPipelineActed() {
      return hasPipelineActed;
    },
    thefts,
    otherThefts,
    faults,
    rivalry: { left: 0, calls: [] },
    act(call, by) {
      const { status } = account.iam.call(call, by);
      hasPipelineActed ||= status === "done" && by.kind === "session" && by.role === pipelineRole;
    },
    steal(call) {
      const stop = account.iam.onEvent(({ detail }) => {
        (detail.errorCode === undefined ? thefts : otherThefts).push(detail.eventID);
      });
      account.iam.call(call, { ...guard, sourceIp: "198.51.100.9" });
      stop();
    },
    record: () => control.load(key),
    truth: () => observer.read(roleName),
    ports: () => createFailingPorts({ ...surroundings, faults: noFaults() }, beginInvocation({}), false),
    send: (queue, body) => queues.put({ queue, body, isUncertain: true }, 0),
    async deliver(pick, fault) {
      await flush();
      const message = queues.receive(pick);
      if (message === undefined) return false;
      clock.advanceTo(new Date(message.at));
      await handle(message, fault);
      return true;
    },
    async deliverTogether(order) {
      await flush();
      const [first, second] = [queues.receive(0), queues.receive(0)];
      for (const message of [first, second]) if (message) clock.advanceTo(new Date(message.at));
      const runOf = (message: Message | undefined) => async (turn: () => Promise<void>) => {
        if (message) await handle(message, { turn });
      };
      await interleave(order, [runOf(first), runOf(second)]);
    },
    lose(pick) {
      const message = queues.lose(pick);
      if (message) forget(message);
    },
    repeat: queues.repeat,
    delay: queues.delay,
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
        const next = queues.next();
        if (next === undefined || next > end) break;
        await history.deliver(0, {});
      }
      clock.advanceTo(new Date(end));
    },
  };
  const since = "2026-01-01T00:00:00Z";
  await control.saveObserving(accountId, {
    version: 0,
    since,
    ...(!choice.isObserving && { ended: { at: since } }),
  });
  if (choice.isEnrolled) {
    const before = await control.load(key);
    const first = account.states[0]?.reading;
    assert.ok(first?.status === "present");
    await control.commit({
      before,
      after: { ...before, enrolment: { roleId: first.role.id, at: since, cleanAt: since } },
    });
  }
  return history;
}

/** Returns an event with the time of CloudTrail's clock. */
function shiftTime(envelope: EventEnvelope, { trailAheadSeconds }: Choice): EventEnvelope {
  if (trailAheadSeconds === 0) return envelope;
  const shift = (time: string) =>
    new Date(Date.parse(time) + trailAheadSeconds * 1000).toISOString().replace(/\.\d+Z$/, "Z");
  const { detail } = envelope;
  return {
    ...envelope,
    time: shift(envelope.time),
    detail: { ...detail, eventTime: shift(detail.eventTime) },
  };
}

function isExpected(error: unknown): boolean {
  return (
    error instanceof CrashError ||
    error instanceof StoreUnavailableError ||
    error instanceof RoleUnreadableError
  );
}
