import type { Config } from "@drift-guard/core/config/config";
import type {
  AgentReader,
  Announcer,
  BatchReader,
  ControlStore,
  FindingStore,
  LinkedRoleKeeper,
  RecheckQueue,
  ResourceReader,
  RoleReader,
  RoleWriter,
  UsageStore,
} from "@drift-guard/core/ports";

/** What the guard needs of the world to look at roles. */
export interface GuardPorts {
  readonly roles: RoleReader;
  readonly findings: FindingStore;
  readonly control: ControlStore;
  readonly rechecks: RecheckQueue;
  /** What AWS Batch uses roles for, as it is … */
  readonly batch: BatchReader;
  /** … and as it was last seen. */
  readonly usage: UsageStore;
  /** Reads what else could give a role what it needs; left out where nothing reads that. */
  readonly resources?: ResourceReader;
  /** Follows the deletion of a service-linked role; left out where nothing reads that. */
  readonly deletions?: Pick<LinkedRoleKeeper, "deletionStatus">;
  /** Reads the ECS agents of compute environments, for a sweep; left out where nothing reads that. */
  readonly agents?: AgentReader;
  now(): Date;
}

/** What it needs to look at all of them, and to tell again what nobody confirmed. */
export interface SweepPorts extends GuardPorts {
  readonly announcer: Announcer;
}

/** What it needs to put a role back. */
export interface RollbackPorts extends GuardPorts {
  readonly writer: RoleWriter;
  /** A fresh id for a rollback. */
  newId(): string;
}

/** What the guard knows of itself. */
export interface GuardSettings {
  readonly config: Config;
  /** The account that is guarded, 12 digits. */
  readonly account: string;
  readonly partition: string;
  /** ARN of the role that rollbacks run as; left out where rollback is not deployed. */
  readonly guardRole?: string;
}
