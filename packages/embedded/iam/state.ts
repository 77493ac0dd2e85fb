import type { LastUse } from "@drift-guard/core/linked-role/linked-role";
import type { DeletionStatus, RegionUsage } from "@drift-guard/core/model/deletion";
import { sameRoleName } from "@drift-guard/core/model/role";
import type { Clock } from "../clock.ts";
import type { IdGenerator } from "./ids.ts";
import { IamRefusedError } from "./refused-error.ts";

/** A policy embedded in a role, or a version of a managed one. */
export interface StoredVersion {
  readonly id: string;
  readonly text: string;
}

/** A managed policy, AWS's or the account's own. */
export interface StoredPolicy {
  readonly arn: string;
  readonly id: string;
  readonly name: string;
  readonly path: string;
  readonly versions: StoredVersion[];
  defaultVersion: string;
  /** The number of the next version; the numbers of deleted ones are not used again. */
  nextVersion: number;
}

/** A role as IAM keeps it. */
export interface StoredRole {
  readonly name: string;
  readonly id: string;
  readonly path: string;
  readonly arn: string;
  /** The service that the role is linked to: nobody else may write it. */
  readonly linkedTo?: string;
  trust: string;
  /** The unique ids of this account's roles that the trust names, by ARN, as of its writing. */
  trusted: ReadonlyMap<string, string>;
  description: string;
  /** Seconds. */
  maxSession: number;
  /** ARNs, in the order of attachment. */
  readonly attached: Set<string>;
  /** Document texts by policy name. */
  readonly inline: Map<string, string>;
  boundary?: string;
  /** By lower-cased key: tag keys are case-insensitive, and keep their case. */
  readonly tags: Map<string, { readonly key: string; readonly value: string }>;
}

/** An instance profile; `role` is the name of the one role it may hold. */
export interface StoredProfile {
  readonly name: string;
  readonly id: string;
  readonly path: string;
  readonly arn: string;
  role?: string;
}

/** A service-linked role's removal, which ends some time after it was asked for. */
export interface DeletionTask {
  readonly id: string;
  readonly roleId: string;
  readonly roleName: string;
  readonly askedAt: Date;
  readonly endsAt: Date;
  outcome?: DeletionStatus;
}

/** What keeps a service-linked role from going. */
export interface LinkedRoleUsage {
  readonly usage: readonly RegionUsage[];
  /** What a failed removal tells of it: all, some or none (R30). */
  readonly reported: readonly RegionUsage[];
}

/** Everything that the account holds. */
export interface IamState {
  readonly account: string;
  readonly partition: string;
  readonly clock: Clock;
  readonly ids: IdGenerator;
  readonly roles: StoredRole[];
  readonly policies: Map<string, StoredPolicy>;
  readonly profiles: StoredProfile[];
  readonly deletions: Map<string, DeletionTask>;
  /** What uses a service-linked role, by its name lower-cased: the role's removal fails while anything does. */
  readonly usage: Map<string, LinkedRoleUsage>;
  /** When each role last called which service, by the role's unique id and the service. */
  readonly uses: Map<string, Map<string, LastUse>>;
  /** Unique ids of callers that are no roles of the account, by ARN. */
  readonly callers: Map<string, string>;
}

/** The role of a name, whatever its case. */
export function findRole(state: IamState, name: string): StoredRole | undefined {
  return state.roles.find((role) => sameRoleName(role.name, name));
}

/** The role of a name; refuses with NoSuchEntity where there is none. */
export function expectRole(state: IamState, name: string): StoredRole {
  const role = findRole(state, name);
  if (role) return role;
  throw new IamRefusedError("NoSuchEntity", `The role with name ${name} cannot be found.`);
}

/** The default version of a managed policy. */
export function defaultVersionOf(policy: StoredPolicy): StoredVersion | undefined {
  return policy.versions.find((version) => version.id === policy.defaultVersion);
}

/** The roles that a managed policy is attached to or bounds. */
export function rolesUsing(state: IamState, policyArn: string): readonly StoredRole[] {
  return state.roles.filter((role) => role.attached.has(policyArn) || role.boundary === policyArn);
}
