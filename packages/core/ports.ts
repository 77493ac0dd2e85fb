import type { ComputeEnvironment, JobDefinition, JobQueue } from "./batch/batch.ts";
import type { RoleUse, RoleUser, UsageSubject } from "./batch/role-use.ts";
import type { UsesByRole } from "./batch/uses.ts";
import type { RoleActivity } from "./linked-role/linked-role.ts";
import type { RegionLook } from "./linked-role/standing.ts";
import type { Recheck, Subject } from "./model/change.ts";
import type { Control, RollbackBudget } from "./model/control.ts";
import type { DeletionStatus } from "./model/deletion.ts";
import type { Finding } from "./model/finding.ts";
import type { Instant } from "./model/instant.ts";
import type { Ledger } from "./model/ledger.ts";
import type { Step } from "./model/plan.ts";
import type { ResourceFacts } from "./model/resource-facts.ts";
import type { RoleKey, RoleReading } from "./model/role.ts";
import type { Transition } from "./model/transition.ts";

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

/** A transition as it is stored, and who has still to be told of it. */
export interface Delivery {
  readonly transition: Transition;
  /** Of the sinks that the owner has. */
  readonly awaiting: readonly Sink[];
  /** When a sink was last to be told again, where one was. */
  readonly renewedAt?: Instant;
}

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
  /**
   * The stored transition of the same finding and number, whatever else the one given says; undefined where none is
   * stored. A message only says that there is something to tell: what it is, and whether it was told, stands here.
   */
  findDelivery(transition: Pick<Transition, "finding">): Promise<Delivery | undefined>;
  /** Notes that a sink delivered a transition; doing so twice is nothing. */
  markDelivered(transition: Transition, sink: Sink): Promise<void>;
  /** Has a sink be told again, at `at`, of a stored transition, which is kept for longer by that. */
  renew(transition: Transition, sink: Sink, at: Instant): Promise<void>;
  /** Transitions from before `at` that a sink which the owner has did not mark yet. */
  undelivered(at: Instant): AsyncIterable<Transition>;
}

/** What spending from the budget gave. */
export type Spending = "spent" | "role budget exhausted" | "account budget exhausted";

/** Keeps what people decided and what stops rollbacks. Unreadable means throwing, and throwing means no write. */
export interface ControlStore {
  load(role: RoleKey): Promise<Control>;
  /** Takes one rollback from the role's and the account's budget, in one conditional write. */
  spend(role: RoleKey, budget: RollbackBudget, now: Instant): Promise<Spending>;
  /** Stops rollbacks of a role until a person closes the breaker. */
  openBreaker(role: RoleKey, reason: string): Promise<void>;
}

/** Tells transitions to the guard's own bus. Throws where any of them was not taken. */
export interface Announcer {
  announce(transitions: readonly Transition[]): Promise<void>;
}

/** Imports findings into a hub that keeps the last state it was sent, such as Security Hub. */
export interface FindingImporter {
  /** Imports a batch and returns why findings were refused, by finding id. Throws where the hub takes none of them. */
  import(deliveries: readonly Delivery[]): Promise<ReadonlyMap<string, string>>;
}

/** Asks for a role to be looked at again. */
export interface RecheckQueue {
  schedule(recheck: Recheck, afterSeconds: number): Promise<void>;
}

/** Keeps the inventory of what uses which role, for findings to say what breaks. Throws `StoreUnavailableError`. */
export interface UsageStore {
  /** What is known to use a role. */
  usesOf(role: RoleKey): Promise<readonly RoleUse[]>;
  /**
   * Takes a compute environment or job definition in, in place of all that was known of it; none for one that is gone.
   * Gives the names of the roles that it uses now or was known to use before.
   */
  record(account: string, subject: UsageSubject, uses: UsesByRole): Promise<readonly string[]>;
  /** Everything that is known to use a role. */
  users(account: string): AsyncIterable<RoleUser>;
}

/** Reads what of Batch names roles, region by region. Throws `BatchUnreadableError`. */
export interface BatchReader {
  /** A compute environment by its name; undefined where there is none. */
  environment(region: string, name: string): Promise<ComputeEnvironment | undefined>;
  /** The active revisions of a job definition. */
  definition(region: string, name: string): Promise<readonly JobDefinition[]>;
  /** Every compute environment of a region, by pages. */
  environments(region: string): AsyncIterable<ComputeEnvironment>;
  /** Every job queue of a region, by pages. */
  queues(region: string): AsyncIterable<JobQueue>;
  /** Every active revision of every job definition of a region, by pages. */
  definitions(region: string): AsyncIterable<JobDefinition>;
}

/** Reads the ECS agents on the instances of compute environments. Throws `AgentsUnreadableError`. */
export interface AgentReader {
  /** The oldest version among a cluster's instances; undefined where it has none, or they may not be seen. */
  oldestAgent(region: string, cluster: string): Promise<string | undefined>;
}

/** Reads secrets, parameters and keys, not their values; undefined where it may not, or they are not there. */
export interface ResourceReader {
  facts(arn: string): Promise<ResourceFacts | undefined>;
}

/** Reads from one region what works with a service-linked role. Throws `BatchUnreadableError`. */
export type RegionReader = (region: string) => Promise<Extract<RegionLook, { status: "read" }>>;
