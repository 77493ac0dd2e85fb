import type { AccountRegions } from "./batch/account-regions.ts";
import type { ComputeEnvironment, JobDefinition, JobQueue } from "./batch/batch.ts";
import type { RoleUse, RoleUser, UsageSubject } from "./batch/role-use.ts";
import type { UsesByRole } from "./batch/uses.ts";
import type { RoleActivity } from "./linked-role/linked-role.ts";
import type { RegionScan } from "./linked-role/status.ts";
import type { Change, ChangeName, Recheck, Subject } from "./model/change.ts";
import type { Control, Decision } from "./model/control.ts";
import type { DeletionStatus } from "./model/deletion.ts";
import type {
  DeployedFunction,
  DeployedQueue,
  DeployedRule,
  DeployedSchedule,
  DeployedTable,
  DeployedTrail,
  Read,
  ReaderIdentity,
} from "./model/deployed.ts";
import type { Finding } from "./model/finding.ts";
import type { FirstReport, ReportState } from "./model/first-report.ts";
import type { BuildStep } from "./model/fix.ts";
import type { FullReads } from "./model/full-reads.ts";
import type { HubAccess, HubFinding, HubWorkflow } from "./model/hub.ts";
import type { Instant } from "./model/instant.ts";
import type { Ledger } from "./model/ledger.ts";
import type { LookupRequest } from "./model/lookup-request.ts";
import type { LivePolicy } from "./model/managed-policy.ts";
import type { NoticeState } from "./model/notice-state.ts";
import type { ObservingPhase } from "./model/observing.ts";
import type { Step } from "./model/plan.ts";
import type { ResourceFacts } from "./model/resource-facts.ts";
import type { RoleKey, RoleReading } from "./model/role.ts";
import type { RollbackRequest } from "./model/rollback-request.ts";
import type { SymptomClaim } from "./model/symptom-claim.ts";
import type { SentTestMessage, Subscriber } from "./model/test-message.ts";
import type { Transition } from "./model/transition.ts";
import type { IdentityRequest } from "./respond/identity-request.ts";
import type { Person } from "./respond/person.ts";
import type { FindingFilter } from "./store/finding-filter.ts";

/**
 * Reads roles with all their parts. Throws `RoleUnreadableError` if the source denies a call or throttles it beyond all
 * retries. An absent role is a reading with the status `absent`, not an error.
 */
export interface RoleReader {
  /** Reads one role by its name. */
  read(name: string): Promise<RoleReading>;
  /**
   * Reads several roles by account pages, one reading for each name; cheaper than one call per role. The pages of IAM do
   * not show description and maximum session duration: they are observed for the roles for which `needsSettings` is true,
   * by one more call each. By default, no role needs them.
   */
  readMany(names: readonly string[], needsSettings?: (name: string) => boolean): AsyncIterable<RoleReading>;
  /** Yields the names of all roles of the account. Cheaper than reading the roles. */
  names(): AsyncIterable<string>;
  /** Returns the names of the roles that a subject concerns: those with the policy attached, or held by the profile. */
  rolesBehind(subject: Subject): Promise<readonly string[]>;
}

/** Reads customer-managed policies, whether or not a role has them. */
export interface ManagedPolicyReader {
  /**
   * Returns a policy with its versions, of which some may be left out where IAM denies it, but never the default one.
   * Undefined if it does not exist, or if not even that could be read. Throws `RoleUnreadableError` for every other failure.
   */
  readPolicy(arn: string): Promise<LivePolicy | undefined>;
}

/** IAM's response to a step that it carried out. */
export interface StepReceipt {
  /** The request id, which CloudTrail's record of the call has too. */
  readonly requestId?: string;
  /** Set if the call was made more than once: an earlier one, with another request id, may have taken effect. */
  readonly repeated?: true;
}

/** The rollback that a call belongs to. It stands in the call's user agent: a trace for people, which anybody can forge. */
export interface StepTrace {
  readonly rollbackId: string;
  /** Index in the plan's steps. */
  readonly step: number;
}

/** Writes roles; no other port does, apart from `RoleBuilder` for new ones and `LinkedRoleKeeper` for service-linked ones. */
export interface RoleWriter {
  /** Carries out a step. Throws `StepRefusedError` with IAM's code, or `StepUnansweredError` if the result is unknown. */
  apply(step: Step, trace: StepTrace): Promise<StepReceipt>;
}

/**
 * Creates roles and adds them to instance profiles. Only a person's command does so, with that person's credentials: no
 * function of the guard may create or pass a role.
 */
export interface RoleBuilder {
  /**
   * Carries out a step. An instance profile that does not exist is created first. Throws `StepRefusedError` with IAM's code,
   * or `StepUnansweredError` if the result is unknown.
   */
  build(step: BuildStep): Promise<StepReceipt>;
}

/**
 * Reads and writes service-linked roles, as far as AWS allows it (R20). Only a person's command writes with it. Throws
 * `LinkedRoleRefusedError` with IAM's code, or `LinkedRoleUnansweredError` if the result is unknown.
 */
export interface LinkedRoleKeeper {
  /** Creates the linked role of a service principal (2.11). Returns its name. */
  create(service: string): Promise<string>;
  /** Starts a deletion task. Returns its id, or the id of an earlier task that has not ended (R29, R33). */
  delete(roleName: string): Promise<string>;
  /** Returns the status of a deletion task; undefined if IAM does not know the task, or no longer does. */
  deletionStatus(taskId: string): Promise<DeletionStatus | undefined>;
  /** Returns when the role was last used, as far as IAM records it. */
  activity(roleName: string): Promise<RoleActivity>;
  /** Sets the description. Nothing else of a service-linked role can be edited, apart from tags (R20). */
  describe(roleName: string, description: string): Promise<void>;
}

/** One change of a ledger: the ledger as loaded, the ledger to write, and the transitions to report. */
export interface Commit {
  readonly before: Ledger;
  readonly after: Ledger;
  readonly transitions: readonly Transition[];
}

/** Receivers of transitions. Each marks the transitions that it delivered. */
export type Sink = "notify" | "securityhub";

/** A stored transition, and the sinks that have not delivered it. */
export interface Delivery {
  readonly transition: Transition;
  /** Only sinks that the owner's configuration has. */
  readonly awaiting: readonly Sink[];
  /** When delivery to a sink was last asked for again, if ever. */
  readonly renewedAt?: Instant;
  /** Digest of what people were told that the finding waits for (`digestWait`); left out if nothing of the kind was told. */
  readonly told?: string;
}

/** An item that cannot be read. */
export interface UnreadableItem {
  /** Its partition and sort keys. */
  readonly key: string;
  readonly why: string;
}

/** What became of the transitions of a role that an older version stored. */
export interface TransitionUpgrade {
  /** How many were written with the schema of this version. */
  readonly upgraded: number;
  /** Keys of those that cannot be read and stay as they are. */
  readonly unreadable: readonly string[];
}

/** Stores the ledgers and transitions. Throws `StoreUnavailableError` if the store cannot be reached or does not exist. */
export interface FindingStore {
  /**
   * Returns the ledger of a role; an empty one of version 0 if nothing is stored. An item that cannot be read, or that the
   * ledger did not write, is not used: the finding is restored from its last transition if that is stored, or left out, and
   * the ledger names the item in `forged`.
   */
  load(role: RoleKey): Promise<Ledger>;
  /**
   * Writes the whole change or nothing; in DynamoDB, a change beyond the limits of one transaction in several versions, each
   * with whole findings and their transitions. Forged and outdated items are overwritten or removed. Returns the ledger as
   * stored. Throws `LedgerConflictError` if another process committed since the ledger was loaded, or if the number of a
   * transition is taken.
   */
  commit(commit: Commit): Promise<Ledger>;
  /**
   * Yields the findings that a filter asks for: open ones first, then suppressed, then resolved ones; of each state the
   * worst first, and of one severity the latest change first. Without a role, an item that cannot be read is left out, and
   * findings whose items have the schema of an older version are missing until the role is inspected or migrated.
   */
  listFindings(filter?: FindingFilter): AsyncIterable<Finding>;
  /** Yields the transitions of all roles on a day (`2026-11-28`, in UTC), the oldest first; unreadable ones are left out. */
  listTransitions(day: string): AsyncIterable<Transition>;
  /**
   * Writes the schema of this version into the transitions of a role that an older version stored. Idempotent; may be
   * repeated after a failure. The role's ledger is not changed: its next commit writes it.
   */
  upgradeTransitions(role: RoleKey): Promise<TransitionUpgrade>;
  /** Returns the transitions of one finding, the oldest first; those that cannot be read are left out. */
  history(role: RoleKey, findingId: string): Promise<readonly Transition[]>;
  /**
   * Returns the stored transition with the same finding id and number; undefined if there is none, or if it cannot be read. A
   * message from a queue may be forged or old, so that its other fields are not used.
   */
  findDelivery(transition: {
    readonly finding: Pick<Finding, "role" | "id" | "seq">;
  }): Promise<Delivery | undefined>;
  /** Records that a sink delivered a transition, and what people were told that its finding waits for. Idempotent. */
  markDelivered(transition: Transition, sink: Sink, told?: string): Promise<void>;
  /** Makes a sink deliver a stored transition again, at `at`, and extends the time for which it is kept. */
  renew(transition: Transition, sink: Sink, at: Instant): Promise<void>;
  /**
   * Yields transitions from before `at` that some sink has not delivered. An item that cannot be read hides no other one: it
   * is handed to `onUnreadable`, and taken out of those that are due, so that the next call does not hand it over again.
   */
  undelivered(at: Instant, onUnreadable: (item: UnreadableItem) => void): AsyncIterable<Transition>;
}

/** One change of a role's control record: the record as loaded, and the record to write. */
export interface ControlCommit {
  readonly before: Control;
  readonly after: Control;
}

/** Whether a rollback may restore something, or the account has reached its cap in this hour. */
export type RestoringPermit = "granted" | "exhausted";

/**
 * Stores what rollback believes: people's decisions, and what rollback knows and has done. Throws
 * `StoreUnavailableError` if the store fails; the caller must then write no role.
 */
export interface ControlStore {
  /**
   * Returns the control record of a role; an empty one of version 0 if nothing is stored. An item that cannot be read is
   * left out and named in `unreadable`, so that the role is still inspected.
   */
  load(role: RoleKey): Promise<Control>;
  /**
   * Writes the whole change, apart from people's decisions, or nothing. Returns the record as stored. Throws
   * `ControlConflictError` if another process committed since the record was loaded.
   */
  commit(commit: ControlCommit): Promise<Control>;
  /**
   * Writes the account's observing phase with the next version. Returns false, and writes nothing, if the stored version is
   * another than that of the phase.
   */
  saveObserving(account: string, phase: ObservingPhase): Promise<boolean>;
  /** Writes one decision of a person. It conflicts with no commit. */
  decide(role: RoleKey, decision: Decision): Promise<void>;
  /**
   * Counts a rollback that restores something, if fewer than `limit` rollbacks of the account did so in the hour of `now`.
   * Counts each rollback once, however often it is asked for.
   */
  spendRestoring(account: string, rollbackId: string, now: Instant, limit: number): Promise<RestoringPermit>;
  /** Whether the account may still restore something in the hour of `now`. Counts nothing: for what is only simulated. */
  hasRestoringLeft(account: string, now: Instant, limit: number): Promise<boolean>;
  /** Whether a request id is one of the guard's own calls of the last 400 days. */
  ownCall(account: string, requestId: string): Promise<boolean>;
}

/** Puts transitions on the guard's own event bus. */
export interface Announcer {
  /** Throws if the bus did not accept every transition. */
  announce(transitions: readonly Transition[]): Promise<void>;
}

/** Imports findings into a hub that keeps the last state it was sent, such as Security Hub. */
export interface FindingImporter {
  /**
   * Imports a batch and returns why findings were refused, by finding id. Throws `HubDisabledError` if the hub is not enabled,
   * and `DeliveryError` if it cannot be told which findings it took.
   */
  import(deliveries: readonly Delivery[]): Promise<ReadonlyMap<string, string>>;
}

/** Reads and sets the workflow of the guard's own findings in Security Hub. Throws `DeliveryError`, `HubDisabledError`. */
export interface HubWorkflows {
  /** Returns the workflow of findings, by finding id; a finding that the hub does not have is left out. */
  read(findingIds: readonly string[]): Promise<ReadonlyMap<string, HubWorkflow>>;
  /** Sets the workflow of findings to NEW. Returns why that was refused, by finding id. */
  renew(findingIds: readonly string[]): Promise<ReadonlyMap<string, string>>;
}

/**
 * Stores what is known of Security Hub and of the guard's findings in it. Rollback does not read it: anybody who may update
 * findings could otherwise disarm the guard. Throws `StoreUnavailableError`.
 */
export interface HubStore {
  /** Returns what is known of a finding; the empty state of version 0 if nothing is stored. */
  loadFinding(role: RoleKey, findingId: string): Promise<HubFinding>;
  /** Writes the state with the next version. Returns false, and writes nothing, if the stored version is another. */
  saveFinding(role: RoleKey, findingId: string, state: HubFinding): Promise<boolean>;
  /** Returns whether the account's Security Hub is enabled, as the last import found it. */
  loadAccess(account: string): Promise<HubAccess>;
  /** Writes the state with the next version. Returns false, and writes nothing, if the stored version is another. */
  saveAccess(account: string, access: HubAccess): Promise<boolean>;
}

/** Sends requests to rollback. Only the guard's functions may send them. */
export interface RollbackQueue {
  /** `afterSeconds` is 0 to 900, the longest delay of SQS. */
  send(request: RollbackRequest, afterSeconds: number): Promise<void>;
}

/** Schedules another read of a role. */
export interface RecheckQueue {
  /** `afterSeconds` is 0 to 900, the longest delay of SQS. */
  schedule(recheck: Recheck, afterSeconds: number): Promise<void>;
}

/** Requests lookups in CloudTrail. Only the guard's functions may send them. */
export interface LookupQueue {
  /** `afterSeconds` is 0 to 900, the longest delay of SQS. */
  send(request: LookupRequest, afterSeconds: number): Promise<void>;
}

/** Reads CloudTrail's event history of the last 90 days. Throws `TrailUnreadableError`. */
export interface TrailReader {
  /**
   * Yields pages of the records in a region that name a resource, the newest first, as parsed JSON; anybody may have written
   * their texts. CloudTrail shows a call some minutes after it was made.
   */
  pages(
    region: string,
    resourceName: string,
    between: { readonly since: Instant; readonly until: Instant },
  ): AsyncIterable<readonly unknown[]>;
}

/**
 * Stores the changes whose roles are read again, so that a recheck only names one and cannot invent it. Somebody who can
 * write the store cannot invent one either. Throws `StoreUnavailableError`.
 */
export interface ChangeStore {
  /** Keeps a change of a role for as long as rechecks may name it, and returns its name. */
  keep(role: RoleKey, change: Change): Promise<ChangeName>;
  /**
   * Returns the change of a role with this name; undefined if there is none. One that is not the change that was kept under
   * its name is left out and counted as forged, and so is one that is gone.
   */
  find(role: RoleKey, name: ChangeName): Promise<Change | undefined>;
}

/**
 * Stores when every watched role of an account was last read, so that many requests lead to one read. Throws
 * `StoreUnavailableError`.
 */
export interface FullReadStore {
  /**
   * Returns the reads of an account, or those that read AWS Batch in `region` too; those of version 0 if nothing is stored.
   */
  load(account: string, region?: string): Promise<FullReads>;
  /**
   * Writes `reads` with the next version. Returns false, and writes nothing, if the stored version is another than that of
   * `reads`.
   */
  save(account: string, reads: FullReads, region?: string): Promise<boolean>;
}

/** Stores the uses of roles, so that a finding can say what breaks. Throws `StoreUnavailableError`. */
export interface UsageStore {
  /** Returns the known uses of a role. */
  usesOf(role: RoleKey): Promise<readonly RoleUse[]>;
  /**
   * Replaces the uses of a compute environment or job definition; an empty map removes it. Uses that somebody else edited or
   * removed are written again. Returns the names of the roles that it uses now or used before.
   */
  record(account: string, subject: UsageSubject, uses: UsesByRole): Promise<readonly string[]>;
  /** Removes uses of these roles that no recorded compute environment or job definition has: somebody else added them. */
  clean(account: string, roles: readonly string[]): Promise<void>;
  /** Yields every known compute environment and job definition of an account, with its roles. */
  users(account: string): AsyncIterable<RoleUser>;
}

/** Stores what people of an account were told, and what waits to be told. Throws `StoreUnavailableError`. */
export interface NoticeStore {
  /** Returns the state of an account; one of version 0 if nothing is stored. */
  load(account: string): Promise<NoticeState>;
  /**
   * Writes the state with the next version. Returns false, and writes nothing, if the stored version is another than that
   * of the state.
   */
  save(account: string, state: NoticeState): Promise<boolean>;
  /** Records that a test message was sent. */
  recordTest(account: string, id: string, sent: SentTestMessage): Promise<void>;
  /** Returns when a test message was sent; undefined if it was not, or a day ago. */
  findTest(account: string, id: string): Promise<SentTestMessage | undefined>;
}

/** Stores the first report of a new deployment. Throws `StoreUnavailableError`. */
export interface ReportStore {
  /** Returns the state of an account; undefined if nothing is stored. */
  load(account: string): Promise<ReportState | undefined>;
  /**
   * Writes the state with the next version. Returns false, and writes nothing, if the stored version is another than that
   * of the state.
   */
  save(account: string, state: ReportState): Promise<boolean>;
}

/** Puts the first report on the guard's own event bus. */
export interface ReportAnnouncer {
  /** Throws `DeliveryError` if the bus did not accept it. */
  announceReport(report: FirstReport): Promise<void>;
}

/** Asks for the joint message about the transitions that wait. Throws `DeliveryError`. */
export interface NoticeQueue {
  /** Sends the request; it arrives after some seconds, 900 at most. */
  requestJointNotice(afterSeconds: number): Promise<void>;
}

/**
 * Stores which symptoms were looked into, and which roles rechecks have read, so that a storm of alike ones is looked into
 * once. Throws `StoreUnavailableError`.
 */
export interface SymptomStore {
  /**
   * Claims the symptoms of a key for an event at `at`, in one conditional write. Returns false if another event claimed
   * them at `since` or later; the event that has the claim may claim again.
   */
  claim(account: string, claim: SymptomClaim): Promise<boolean>;
}

/** Reads the resources of AWS Batch that name roles, in one region. Throws `BatchUnreadableError`. */
export interface BatchReader {
  /** Returns a compute environment by its name; undefined if there is none. */
  environment(region: string, name: string): Promise<ComputeEnvironment | undefined>;
  /** Returns the active revisions of a job definition. */
  definition(region: string, name: string): Promise<readonly JobDefinition[]>;
  /** Yields every compute environment of a region. */
  environments(region: string): AsyncIterable<ComputeEnvironment>;
  /** Yields every job queue of a region. */
  queues(region: string): AsyncIterable<JobQueue>;
  /** Yields every active revision of every job definition of a region. */
  definitions(region: string): AsyncIterable<JobDefinition>;
}

/** Who made a signed request, or why that is not proven. */
export type CallerProof =
  | { readonly status: "proven"; readonly person: Person }
  | { readonly status: "refused"; readonly reason: string };

/** Finds out who signed a request. Throws `CallerUnprovenError` if that cannot be found out now. */
export interface CallerVerifier {
  verify(request: IdentityRequest): Promise<CallerProof>;
}

/** Remembers answers that were given, so that each counts once. Throws `StoreUnavailableError`. */
export interface AnswerStore {
  /** Claims an answer by its digest, in one conditional write. Returns false if it was claimed before. */
  claim(account: string, digest: string, at: Instant): Promise<boolean>;
}

/** Reads the ECS agents on the instances of compute environments. Throws `AgentsUnreadableError`. */
export interface AgentReader {
  /** Returns the oldest agent version among a cluster's instances; undefined if there are none, or if access is denied. */
  oldestAgent(region: string, cluster: string): Promise<string | undefined>;
}

/** Reads facts about secrets, parameters and keys, never their values. */
export interface ResourceReader {
  /** Returns undefined if access is denied or the resource does not exist. */
  facts(arn: string): Promise<ResourceFacts | undefined>;
}

/** Lists the Regions of the account (T15). Throws nothing: the result says why they could not be listed. */
export type RegionLister = () => Promise<AccountRegions>;

/** Reads the environments and queues of one region that use a service-linked role. Throws `BatchUnreadableError`. */
export type RegionReader = (region: string) => Promise<Extract<RegionScan, { status: "read" }>>;

/** A reading of a role, and when it began. */
export interface TimedReading {
  readonly reading: RoleReading;
  readonly began: Instant;
}

/** When a role is judged, and which readings may serve. */
export interface ReadingMoment {
  readonly from: Instant;
  readonly now: Instant;
}

/** The last reading of each role that a process judged. */
export interface RecentReadings {
  /**
   * Returns a reading that shows all that a message is about: it began at `from` or later. Undefined if there is none, if
   * it is older than a minute, if the ledger is not the one that the reading led to, or if another read decides about one of
   * its findings.
   */
  find(ledger: Ledger, moment: ReadingMoment): TimedReading | undefined;
  /** Keeps the reading that led to this ledger. */
  keep(ledger: Ledger, reading: TimedReading): void;
}

/**
 * Reads what is deployed, to judge it. Nothing throws: each result is what was read, that it does not exist, or why that is
 * not known.
 */
export interface DeploymentReader {
  /** Returns whose credentials read, and how far this machine's clock is off. */
  identity(): Promise<Read<ReaderIdentity>>;
  /** Returns the trails that apply to a Region. */
  trails(region: string): Promise<Read<readonly DeployedTrail[]>>;
  /** Returns a rule of the default bus, or of the bus that is named. */
  rule(rule: RuleAddress): Promise<Read<DeployedRule>>;
  /** Returns EventBridge's answer whether a pattern matches an event. */
  matches(region: string, pattern: string, event: object): Promise<Read<boolean>>;
  queue(region: string, name: string): Promise<Read<DeployedQueue>>;
  lambda(name: string): Promise<Read<DeployedFunction>>;
  table(name: string): Promise<Read<DeployedTable>>;
  schedule(name: string): Promise<Read<DeployedSchedule>>;
  /** Returns `absent` where Security Hub is not enabled. */
  hub(): Promise<Read<true>>;
  subscribers(region: string, topic: string): Promise<Read<readonly Subscriber[]>>;
}

/** Where a rule is. */
export interface RuleAddress {
  readonly region: string;
  readonly name: string;
  /** Name of its bus; left out for the default bus. */
  readonly bus?: string;
}
