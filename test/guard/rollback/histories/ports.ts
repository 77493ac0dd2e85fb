import { listBatchRegions } from "@drift-guard/core/batch/regions";
import { RoleUnreadableError, StepUnansweredError, StoreUnavailableError } from "@drift-guard/core/errors";
import { formatRecheck } from "@drift-guard/core/intake/message";
import { formatRollbackRequest } from "@drift-guard/core/intake/rollback-message";
import type { Control } from "@drift-guard/core/model/control";
import type { Ledger } from "@drift-guard/core/model/ledger";
import type { Step } from "@drift-guard/core/model/plan";
import type { RoleReading } from "@drift-guard/core/model/role";
import { rollbackKinds, type Transition } from "@drift-guard/core/model/transition";
import type {
  ChangeStore,
  ControlStore,
  FindingStore,
  RecentReadings,
  RoleReader,
  StepTrace,
  UsageStore,
} from "@drift-guard/core/ports";
import type { SimulatedBatch } from "@drift-guard/embedded/batch/batch";
import type { VirtualClock } from "@drift-guard/embedded/clock";
import type { IdGenerator } from "@drift-guard/embedded/iam/ids";
import type { RollbackPorts, SweepPorts } from "@drift-guard/guard/ports";
import { account as accountId } from "../../../builders.ts";
import type { RecordedAccount, RefusalCode } from "./account.ts";
import { guard } from "./actors.ts";
import type { Invocation } from "./invocation.ts";
import type { Queues } from "./queues.ts";
import { roleName } from "./worker.ts";

/** The longest time, in seconds, by which a stale read is late. */
export const longestStaleness = 20;

/** Faults that stay until they are lifted. */
export interface StandingFaults {
  /** Reads that IAM throttles. */
  throttled: number;
  /** Calls whose answer is lost, and whether IAM carried them out. */
  unanswered: { count: number; isCarriedOut: boolean };
  /** Calls that IAM refuses after some that it carries out. */
  refused: { after: number; count: number; code: RefusalCode };
  /** Reads that show the role as it was so many seconds ago. */
  stale: { count: number; seconds: number };
  /** Messages to the stores that fail. */
  unavailable: number;
}

/** Returns faults of which none stands. */
export function noFaults(): StandingFaults {
  return {
    throttled: 0,
    unanswered: { count: 0, isCarriedOut: false },
    refused: { after: 0, count: 0, code: "AccessDenied" },
    stale: { count: 0, seconds: 0 },
    unavailable: 0,
  };
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

/** What the functions of the guard work with, before anything fails. */
export interface Surroundings {
  readonly account: RecordedAccount;
  readonly batch: SimulatedBatch;
  readonly clock: VirtualClock;
  readonly ids: IdGenerator;
  readonly queues: Queues;
  readonly control: ControlStore;
  readonly findings: FindingStore;
  readonly changes: ChangeStore;
  readonly usage: UsageStore;
  /** Those of the process that inspects roles. */
  readonly readings: RecentReadings;
  readonly faults: StandingFaults;
  readonly transitions: Transition[];
  /** Called after each write of the guard, and before anything else happens. */
  onWrite(write: GuardWrite): Promise<void>;
  /** Called with each stored control record. */
  onControl(control: Control): void;
  /** Called with each stored findings ledger. */
  onLedger(ledger: Ledger): void;
}

/** The envelope in which the guard's bus delivers a transition to the rollback queue. */
function envelopeOf(transition: Transition): string {
  return JSON.stringify({ source: "drift-guard", "detail-type": "Transition", detail: transition });
}

/** Creates the ports of one invocation, which fail as its faults and the standing ones say. */
export function createFailingPorts(
  { account, batch, clock, ids, queues, control, findings, changes, usage, ...rest }: Surroundings,
  invocation: Invocation,
  isRollback: boolean,
): SweepPorts & RollbackPorts {
  const { readings, faults, transitions, onWrite, onControl, onLedger } = rest;
  const { iam, observer, states } = account;
  const store = <P extends readonly unknown[], T>(call: (...parameters: P) => Promise<T>) => {
    return (...parameters: P) =>
      invocation.pass(async () => {
        if (faults.unavailable > 0) {
          faults.unavailable -= 1;
          throw new StoreUnavailableError("the table cannot be reached");
        }
        return call(...parameters);
      });
  };
  const throttle = (name: string) => {
    if (faults.throttled === 0) return;
    faults.throttled -= 1;
    throw new RoleUnreadableError(`${name} could not be read: Throttling.`);
  };
  const tell = (some: readonly Transition[]) => {
    for (const transition of some) {
      if (rollbackKinds.includes(transition.kind))
        queues.put({ queue: "rollback", body: envelopeOf(transition), isUncertain: true }, 1);
    }
  };
  const roles: RoleReader = {
    ...iam.reader(guard),
    read: (name) =>
      invocation.pass(async () => {
        clock.advance(0.2);
        throttle(`The role ${name}`);
        const number = findSeen(account, faults, clock);
        invocation.seen = number;
        if (isRollback) invocation.unstored.push(number);
        return states[number]?.reading ?? { status: "absent", account: accountId, name };
      }),
    async *readMany(names) {
      for (const name of names) yield await this.read(name);
    },
  };
  const policyReader = iam.policyReader();
  return {
    roles,
    policies: {
      readPolicy: (arn) =>
        invocation.pass(() => {
          throttle(arn);
          return policyReader.readPolicy(arn);
        }),
    },
    writer: {
      apply: (step, trace) =>
        invocation.pass(async () => {
          clock.advance(0.2);
          const lost = faults.unanswered.count > 0;
          if (lost) faults.unanswered.count -= 1;
          const unanswered = () => new StepUnansweredError("the connection was lost");
          if (lost && !faults.unanswered.isCarriedOut) throw unanswered();
          noteReads(account, invocation);
          const before = await observer.read(roleName);
          const number = invocation.seen ?? -1;
          const isRace = states.slice(number + 1).some(({ byGuard }) => !byGuard);
          const receipt = await account.callAsGuard(step, trace, takeRefusal(faults));
          const after = await observer.read(roleName);
          await onWrite({ step, trace, before, after, isRace, at: clock.now().getTime() });
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
        onLedger(ledger);
        tell(commit.transitions);
        return ledger;
      }),
    },
    control: {
      ...control,
      load: store(control.load),
      commit: store(async (commit) => {
        const stored = await control.commit(commit);
        noteReads(account, invocation);
        onControl(stored);
        return stored;
      }),
      saveObserving: store(control.saveObserving),
      spendRestoring: store(control.spendRestoring),
      hasRestoringLeft: store(control.hasRestoringLeft),
    },
    requests: {
      send: (request, seconds) =>
        invocation.pass(() => {
          // A report of a change that fails too often ends in a dead-letter queue, as its event may be lost.
          const isUncertain = "changed" in request;
          queues.put({ queue: "rollback", body: formatRollbackRequest(request), isUncertain }, seconds);
        }),
    },
    rechecks: {
      schedule: (recheck, seconds) =>
        invocation.pass(() =>
          queues.put({ queue: "changes", body: formatRecheck(recheck), isUncertain: false }, seconds),
        ),
    },
    changes,
    batch: batch.reader,
    usage,
    readings,
    listRegions: async () => ({
      status: "listed",
      enabled: ["us-east-1"],
      notEnabled: listBatchRegions("aws").filter((region) => region !== "us-east-1"),
    }),
    announcer: { announce: async (some) => tell(some) },
    now: () => clock.now(),
    newId: () => ids.uuid(),
    timeLeft: invocation.timeLeft,
  };
}

/** Notes that rollback knows the states that an invocation read: it stored what they show, acts on it or has ended. */
export function noteReads(account: RecordedAccount, { unstored }: Invocation): void {
  for (const number of unstored.splice(0)) account.noteRead(number);
}

function takeRefusal({ refused }: StandingFaults): RefusalCode | undefined {
  if (refused.count === 0) return undefined;
  if (refused.after > 0) {
    refused.after -= 1;
    return undefined;
  }
  refused.count -= 1;
  return refused.code;
}

function findSeen(
  { states }: Pick<RecordedAccount, "states">,
  { stale }: Pick<StandingFaults, "stale">,
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
