import type { RoleUse } from "../batch/role-use.ts";
import type { Config, GuardedRole } from "../config/config.ts";
import type { Organization } from "../config/organization.ts";
import type { Actor } from "../model/actor.ts";
import type { Approval } from "../model/approval.ts";
import type { Assessment } from "../model/evidence.ts";
import type { Exception } from "../model/exception.ts";
import type { Instant } from "../model/instant.ts";
import type { LivePolicy } from "../model/managed-policy.ts";
import type { Role } from "../model/role.ts";
import type { Rollback } from "../model/rollback.ts";
import type { Reference } from "../reference/reference.ts";
import type { Containment } from "./containment.ts";
import type { KnownRole } from "./exposure.ts";
import type { PauseInForce } from "./pause.ts";
import type { Obstacle } from "./restoring.ts";

/** What planning believes of the control record of the role. */
export interface PlanningControl {
  readonly exceptions: readonly Exception[];
  readonly approvals: readonly Approval[];
  /** Those in force and those that ended; none if left out. */
  readonly pauses?: readonly PauseInForce[];
  readonly rollbacks: readonly Pick<Rollback, "status" | "startedAt" | "plan">[];
  /** The role that was read clean; left out if none was. */
  readonly enrolment?: KnownRole;
  /**
   * Who made the change behind a finding or added to it, the last at the end. `digest` is that of the drift as it was read
   * after the change (`digestEvidence`), `undoneBy` the rollback that undid it since then.
   */
  readonly causes: readonly {
    readonly findingId: string;
    readonly digest: string;
    readonly actor: Actor;
    readonly at?: Instant;
    readonly undoneBy?: string;
  }[];
}

/** What a rollback is planned from. */
export interface PlanningInput {
  /** As it was just read. */
  readonly role: Role;
  readonly reference: Reference;
  readonly guarded: GuardedRole;
  /** The account's organisation; left out if it is not known. */
  readonly organization?: Organization;
  /** What AWS Batch uses the role for; nothing if left out. */
  readonly uses?: readonly RoleUse[];
  /** The assessments of a fresh read. */
  readonly assessments: readonly Assessment[];
  /** Customer-managed policies of the reference as they were just read, by ARN; one that is left out is unknown. */
  readonly policies?: ReadonlyMap<string, LivePolicy>;
  readonly control: PlanningControl;
  /** Who made the role, if its creation was reported. */
  readonly maker?: Actor;
  /** The owner's trusted actors and severities; none if left out. */
  readonly config?: Pick<Config, "trustedActors" | "severities">;
  /**
   * Set while a new deployment only observes: what nobody approved is simulated, whatever its mode is.
   */
  readonly observing?: boolean;
  /** Returns why a finding is not rolled back now for a reason that planning does not know, such as earlier attempts. */
  readonly hold?: (finding: string) => Obstacle | undefined;
  /**
   * Returns why nothing may be restored for a finding, whatever was approved: the account's cap. Never for what removes
   * excess of severity CRITICAL.
   */
  readonly restoringCap?: (finding: string) => Obstacle | undefined;
  readonly now: Instant;
}

/** Everything that the decision about one drift looks at. */
export interface PlanningContext {
  readonly planning: PlanningInput;
  /** In the role's partition. */
  readonly reference: Reference;
  /** The assessments without those that the owner accepted. */
  readonly live: readonly Assessment[];
  readonly containment: Containment;
}
