import type { Subject } from "@drift-guard/core/model/change";
import type { LivePolicy } from "@drift-guard/core/model/managed-policy";
import { type AttachedPolicy, type RoleReading, seen, unseen } from "@drift-guard/core/model/role";
import { showTrust } from "./documents.ts";
import { findProfile } from "./instance-profiles.ts";
import { defaultVersionOf, findRole, type IamState, rolesUsing } from "./state.ts";

/** Returns the reading of a role: all of its parts are observed. */
export function viewRole(state: IamState, name: string): RoleReading {
  const { account, partition } = state;
  const role = findRole(state, name);
  if (!role) return { status: "absent", account, name };
  return {
    status: "present",
    role: {
      account,
      partition,
      name: role.name,
      id: role.id,
      path: role.path,
      arn: role.arn,
      trust: showTrust(state, role),
      attached: [...role.attached].map((arn) => viewPolicy(state, arn)),
      inline: [...role.inline].map(([policy, text]) => ({ name: policy, text })),
      boundary: seen(role.boundary === undefined ? null : viewPolicy(state, role.boundary)),
      tags: seen(Object.fromEntries([...role.tags.values()].map(({ key, value }) => [key, value]))),
      description: seen(role.description),
      maxSession: seen(role.maxSession),
      profiles: seen(state.profiles.filter((one) => one.role === role.name).map((one) => one.name)),
    },
  };
}

/** Returns the names of the roles that a subject concerns: none for AWS Batch, which the IAM account does not contain. */
export function viewRolesBehind(state: IamState, subject: Subject): readonly string[] {
  switch (subject.kind) {
    case "role":
      return [subject.name];
    case "policy":
      return rolesUsing(state, subject.arn).map(({ name }) => name);
    case "profile": {
      const role = findProfile(state, subject.name)?.role;
      return role === undefined ? [] : [role];
    }
    case "compute-environment":
    case "job-definition":
      return [];
  }
}

function viewPolicy(state: IamState, arn: string): AttachedPolicy {
  const policy = state.policies.get(arn);
  const version = policy && defaultVersionOf(policy);
  if (version) return { arn, version: seen(version) };
  // Only a service-linked role can have a policy that was never published in this account.
  return { arn, version: unseen(`AWS has not published ${arn} to this account.`) };
}

/** Returns a managed policy with its versions and the roles that have it; undefined if it does not exist. */
export function viewManagedPolicy(state: IamState, arn: string): LivePolicy | undefined {
  const policy = state.policies.get(arn);
  return (
    policy && {
      arn,
      versions: policy.versions.map(({ id, text }) => ({
        id,
        text,
        isDefault: id === policy.defaultVersion,
      })),
      holders: rolesUsing(state, arn)
        .map(({ name }) => `role ${name}`)
        .sort(),
    }
  );
}
