import type { Recheck, Subject } from "./change.ts";
import type { Budget, Control } from "./control.ts";
import type { DeletionStatus } from "./deletion.ts";
import type { Finding } from "./finding.ts";
import type { Ledger } from "./ledger.ts";
import type { RoleActivity } from "./linked-role.ts";
import type { Step } from "./plan.ts";
import type { RoleKey, RoleReading } from "./role.ts";
import type { Transition } from "./transition.ts";
import type { RoleUse } from "./usage.ts";

/**
 * Reads roles whole. Every call that a source refuses or throttles for good throws `RoleUnreadableError`;
 * a role that is not there is a reading, not an error.
 */
export interface RoleReader {
  /** Reads one role by its name. */
  read(name: string): Promise<RoleReading>;
  /** Reads several roles by account pages, one reading for each name; cheaper than one call per role. */
  readMany(names: readonly string[]): AsyncIterable<RoleReading>;
  /** The names of the roles behind a subject: who a policy is attached to, whom a profile holds. */
  rolesBehind(subject: Subject): Promise<readonly string[]>;
}

/** What IAM answered to a step that it carried out. */
export interface StepReceipt {
  /** Carried by CloudTrail's record of the call. */
  readonly requestId?: string;
}

/** Writes roles: the only port that does. Throws `StepRefusedError` with IAM's code where IAM says no. */
export interface RoleWriter {
  apply(step: Step): Promise<StepReceipt>;
}

/**
 * Does what AWS allows on service-linked roles, which is little (R20), and reads what only they have.
 * Throws `LinkedRoleRefusedError` with IAM's code where IAM says no. Nothing calls it to write but a person's command.
 */
export interface LinkedRoleKeeper {
  /** Makes a service's linked role, where Batch would not by itself (2.11), and gives its name. */
  create(service: string): Promise<string>;
  /** Asks IAM to delete it, and gives the task's id: the earlier one's while that has not ended (R29, R33). */
  delete(roleName: string): Promise<string>;
  /** How a deletion stands, or undefined where IAM does not know the task (any more). */
  deletionStatus(taskId: string): Promise<DeletionStatus | undefined>;
  /** When the role was last used, as far as IAM shows it. */
  activity(roleName: string): Promise<RoleActivity>;
  /** Writes the description: the one thing of a service-linked role that may be edited (R20). */
  describe(roleName: string, description: string): Promise<void>;
}

/** One change of a ledger: what it was read as, what it is to be, and what is to be told of it. */
export interface Commit {
  readonly before: Ledger;
  readonly after: Ledger;
  readonly transitions: readonly Transition[];
}

/** Who transitions are delivered to; each marks what it delivered. */
export type Sink = "notify" | "securityhub";

/**
 * Keeps the ledgers. Throws `LedgerConflictError` where somebody else committed since the ledger was loaded, and then
 * has written nothing; `StoreUnavailableError` where the store cannot be reached or is not there.
 */
export interface FindingStore {
  /** The ledger of a role; an empty one of version 0 where nothing is stored. */
  load(role: RoleKey): Promise<Ledger>;
  /** Writes the whole change or nothing of it, and gives the ledger as it is stored now. */
  commit(commit: Commit): Promise<Ledger>;
  /** Every finding of every role, in no order. */
  findings(): AsyncIterable<Finding>;
  /** What happened to one finding, oldest first. */
  history(role: RoleKey, findingId: string): Promise<readonly Transition[]>;
  /** Notes that a sink delivered a transition; doing so twice is nothing. */
  markDelivered(transition: Transition, sink: Sink): Promise<void>;
  /** Transitions from before `at` (ISO 8601) that a sink has not marked yet. */
  undelivered(at: string): AsyncIterable<Transition>;
}

/** What spending from the budget gave. */
export type Spending = "spent" | "role budget exhausted" | "account budget exhausted";

/** Keeps what people decided and what stops rollbacks. Unreadable means throwing, and throwing means no write. */
export interface ControlStore {
  load(role: RoleKey): Promise<Control>;
  /** Takes one rollback from the role's and the account's budget, in one conditional write. */
  spend(role: RoleKey, budget: Budget, now: string): Promise<Spending>;
  /** Stops rollbacks of a role until a person closes the breaker. */
  openBreaker(role: RoleKey, reason: string): Promise<void>;
}

/** Tells transitions to the guard's own bus. Throws where any of them was not taken. */
export interface Announcer {
  announce(transitions: readonly Transition[]): Promise<void>;
}

/** Asks for a role to be looked at again. */
export interface RecheckQueue {
  schedule(recheck: Recheck, afterSeconds: number): Promise<void>;
}

/** Who keeps the inventory of what uses which role, for findings to say what breaks. */
export interface UsageStore {
  /** What is known to use a role. */
  usesOf(role: RoleKey): Promise<readonly RoleUse[]>;
  /** Takes a compute environment or job definition in, in place of what was known of it; `uses` by role name. */
  record(
    account: string,
    subject: UsageSubject,
    uses: ReadonlyMap<string, readonly RoleUse[]>,
  ): Promise<void>;
  /** Names of all roles that something is known to use. */
  usedRoles(account: string): AsyncIterable<string>;
}

/** Names a compute environment, or all revisions of a job definition, in one region. */
export interface UsageSubject {
  readonly kind: RoleUse["kind"];
  readonly region: string;
  readonly name: string;
}
