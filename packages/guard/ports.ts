import type { Config } from "@drift-guard/core/config/config";
import type { Drift } from "@drift-guard/core/model/evidence";
import type { Instant } from "@drift-guard/core/model/instant";
import type { Severity } from "@drift-guard/core/model/severity";
import type {
  AgentReader,
  Announcer,
  BatchReader,
  ChangeStore,
  ControlStore,
  DeploymentReader,
  FindingStore,
  FullReadStore,
  HubStore,
  LinkedRoleKeeper,
  LookupQueue,
  ManagedPolicyReader,
  RecentReadings,
  RecheckQueue,
  RegionLister,
  ReportAnnouncer,
  ReportStore,
  ResourceReader,
  RoleBuilder,
  RoleReader,
  RoleWriter,
  RollbackQueue,
  SymptomStore,
  TrailReader,
  UsageStore,
} from "@drift-guard/core/ports";
import type { Answer } from "@drift-guard/core/respond/answer";
import type { Person } from "@drift-guard/core/respond/person";

/** Returns the current time. */
export interface Clock {
  now(): Date;
}

/** Ports of an inspection: reads roles and AWS Batch, records findings and uses, and schedules rechecks. */
export interface InspectPorts extends Clock {
  readonly roles: RoleReader;
  readonly findings: Pick<FindingStore, "load" | "commit">;
  readonly control: Pick<ControlStore, "load" | "ownCall">;
  /** Sends requests to rollback. Without it, rollback is not deployed. */
  readonly requests?: RollbackQueue;
  readonly rechecks: RecheckQueue;
  /** Requests lookups in CloudTrail. Without it, only events say who made a change. */
  readonly lookups?: LookupQueue;
  readonly changes: ChangeStore;
  /** Reads the current uses of roles from AWS Batch. */
  readonly batch: BatchReader;
  /** What AWS Batch used roles for when it was last read. */
  readonly usage: UsageStore;
  /** When every watched role was last read. Without it, each change whose target is unknown leads to a read of its own. */
  readonly fullReads?: FullReadStore;
  /** Which symptoms were looked into. Without it, each symptom is. */
  readonly symptoms?: SymptomStore;
  /** The readings of this process. Without it, each change has its role read. */
  readonly readings?: RecentReadings;
  /** Reads the policies and keys of secrets and parameters. Without it, they count as unread. */
  readonly resources?: ResourceReader;
  /** Reads the status of a service-linked role's deletion. Without it, a submitted deletion counts as running. */
  readonly deletions?: Pick<LinkedRoleKeeper, "deletionStatus">;
}

/** Ports of a sweep: those of an inspection, roles in bulk, and the bus on which it announces transitions again. */
export interface SweepPorts extends InspectPorts {
  readonly findings: Pick<
    FindingStore,
    | "load"
    | "commit"
    | "listFindings"
    | "upgradeTransitions"
    | "history"
    | "findDelivery"
    | "renew"
    | "undelivered"
  >;
  readonly announcer: Announcer;
  /** The first report of a new deployment, and the bus for it. Without it, people are told of each finding. */
  readonly reports?: ReportStore & ReportAnnouncer;
  /** What users of Security Hub did with findings; left out where the owner does not use it. */
  readonly hub?: Pick<HubStore, "loadFinding">;
  /** Reads the ECS agents of compute environments. Without it, the last known agents are kept. */
  readonly agents?: AgentReader;
  /** Lists the account's Regions. Without it, no key is reported as unused. */
  readonly listRegions?: RegionLister;
}

/**
 * Ports of a rollback. It holds no queue but its own, no reader of AWS Batch and no reader of secrets: the role that
 * rollbacks run as has no permission for those.
 */
export interface RollbackPorts extends Clock {
  readonly roles: Pick<RoleReader, "read">;
  readonly findings: Pick<FindingStore, "load" | "commit">;
  readonly control: Pick<
    ControlStore,
    "load" | "commit" | "saveObserving" | "spendRestoring" | "hasRestoringLeft"
  >;
  /** Sends requests to the rollback queue itself: later tries, and the rest of a rollback that ran out of time. */
  readonly requests: RollbackQueue;
  readonly usage: Pick<UsageStore, "usesOf">;
  readonly policies: ManagedPolicyReader;
  readonly writer: RoleWriter;
  /** Returns a new id for a rollback, or for an invocation. */
  newId(): string;
  /** Returns how many milliseconds are left. Without it, time does not run out. */
  timeLeft?(): number;
}

/** Ports of a lookup in CloudTrail. It reads no role, and has the role read again for what it found. */
export interface LookupPorts extends Clock {
  readonly findings: Pick<FindingStore, "load" | "commit">;
  readonly changes: Pick<ChangeStore, "keep">;
  readonly rechecks: RecheckQueue;
  readonly lookups: LookupQueue;
  readonly trail: TrailReader;
}

/** An answer that counts, and who gave it when. */
export interface GivenAnswer {
  readonly answer: Answer;
  readonly person: Person;
  readonly at: Instant;
  readonly account: string;
  /** The drifts that the undoing of a rollback accepts, the worst first; none for other answers. */
  readonly undone: readonly AcceptedDrift[];
}

/** A drift that a person accepts by an answer. */
export interface AcceptedDrift {
  readonly severity: Severity;
  readonly evidence: Drift;
}

/** Ports of an answer: the control table, and the queues that have the guard act on it. It writes no role. */
export interface RespondPorts extends Clock {
  readonly control: Pick<ControlStore, "load" | "saveObserving" | "decide">;
  readonly rechecks: RecheckQueue;
  /** Sends requests to rollback. Without it, rollback is not deployed. */
  readonly requests?: RollbackQueue;
  /** Tells people of an answer that counts. */
  tell(given: GivenAnswer): Promise<void>;
}

/** Ports of a person's command that makes a role as its reference says. They act with that person's credentials. */
export interface EnsurePorts {
  readonly roles: Pick<RoleReader, "read">;
  readonly policies: ManagedPolicyReader;
  readonly writer: RoleWriter;
  readonly builder: RoleBuilder;
  readonly keeper: Pick<LinkedRoleKeeper, "create">;
  /** Settles after so many seconds. */
  wait(seconds: number): Promise<void>;
}

/** Ports of an examination of a deployed guard. They act with a person's credentials, and only read. */
export interface DoctorPorts {
  readonly deployment: DeploymentReader;
}

/** The deployment that the guard runs in. */
export interface GuardSettings {
  readonly config: Config;
  /** The guarded account's id, 12 digits. */
  readonly account: string;
  readonly partition: string;
  /** ARN of the role that rollbacks run as; left out where rollback is not deployed. */
  readonly guardRole?: string;
  /** Session name of the function that rollbacks run in; left out where calls have no session. */
  readonly session?: string;
}
