import type { LastUse } from "@drift-guard/core/linked-role/linked-role";
import type { DeletionStatus, RegionUsage } from "@drift-guard/core/model/deletion";
import { sameRoleName } from "@drift-guard/core/model/role";
import type { Clock } from "../clock.ts";
import type { IdGenerator } from "./ids.ts";
import { IamRefusedError } from "./refused-error.ts";

/** A version of a managed policy. */
export interface StoredVersion {
  /** Such as `v2`. */
  readonly id: string;
  /** The document as JSON text. */
  readonly text: string;
}

/** A managed policy, of AWS or of the account. */
export interface StoredPolicy {
  readonly arn: string;
  readonly id: string;
  readonly name: string;
  readonly path: string;
  readonly versions: StoredVersion[];
  defaultVersion: string;
  /** The number of the next version. Numbers of deleted versions are not reused. */
  nextVersion: number;
}

/** A role as IAM stores it. */
export interface StoredRole {
  readonly name: string;
  readonly id: string;
  readonly path: string;
  readonly arn: string;
  /** The service that the role is linked to, if it is service-linked. */
  readonly linkedTo?: string;
  trust: string;
  /** The unique ids, by ARN, of the account's roles that the trust named when it was written. */
  trusted: ReadonlyMap<string, string>;
  description: string;
  /** Seconds. */
  maxSession: number;
  /** ARNs, in the order of attachment. */
  readonly attached: Set<string>;
  /** Document texts by policy name. */
  readonly inline: Map<string, string>;
  boundary?: string;
  /** By lower-cased key: tag keys are compared without case and stored with it. */
  readonly tags: Map<string, { readonly key: string; readonly value: string }>;
}

/** An instance profile; `role` is the name of its role: a profile contains at most one. */
export interface StoredProfile {
  readonly name: string;
  readonly id: string;
  readonly path: string;
  readonly arn: string;
  role?: string;
}

/** The deletion of a service-linked role, which ends some time after the request. */
export interface DeletionTask {
  readonly id: string;
  readonly roleId: string;
  readonly roleName: string;
  readonly startedAt: Date;
  readonly endsAt: Date;
  outcome?: DeletionStatus;
}

/** The resources that prevent the deletion of a service-linked role. */
export interface LinkedRoleUsage {
  readonly usage: readonly RegionUsage[];
  /** The resources that a failed deletion reports: all, some or none of `usage` (R30). */
  readonly reported: readonly RegionUsage[];
}

/** Everything in the account. */
export interface IamState {
  readonly account: string;
  readonly partition: string;
  readonly clock: Clock;
  readonly ids: IdGenerator;
  readonly roles: StoredRole[];
  readonly policies: Map<string, StoredPolicy>;
  readonly profiles: StoredProfile[];
  readonly deletions: Map<string, DeletionTask>;
  /** The resources that use service-linked roles, by lower-cased role name. */
  readonly usage: Map<string, LinkedRoleUsage>;
  /** The last use of each service by each role, by the role's unique id and the service. */
  readonly uses: Map<string, Map<string, LastUse>>;
  /** Unique ids of callers that are not roles of the account, by ARN. */
  readonly callers: Map<string, string>;
}

/** Finds a role by its name, ignoring case. */
export function findRole(state: IamState, name: string): StoredRole | undefined {
  return state.roles.find((role) => sameRoleName(role.name, name));
}

/** Finds a role by its name. Throws `IamRefusedError` with `NoSuchEntity` if there is none. */
export function expectRole(state: IamState, name: string): StoredRole {
  const role = findRole(state, name);
  if (role) return role;
  throw new IamRefusedError("NoSuchEntity", `The role with name ${name} cannot be found.`);
}

/** Returns the default version of a managed policy. */
export function defaultVersionOf(policy: StoredPolicy): StoredVersion | undefined {
  return policy.versions.find((version) => version.id === policy.defaultVersion);
}

/** Returns the roles that a managed policy is attached to or bounds. */
export function rolesUsing(state: IamState, policyArn: string): readonly StoredRole[] {
  return state.roles.filter((role) => role.attached.has(policyArn) || role.boundary === policyArn);
}
