import type { IamResult, ProfileCall } from "./call.ts";
import { refuseProtected } from "./linked-roles.ts";
import { checkName, checkPath } from "./names.ts";
import { IamRefusedError } from "./refused-error.ts";
import { expectRole, type IamState, type StoredProfile } from "./state.ts";

/** Carries out a call on an instance profile. Throws `IamRefusedError` and then changes nothing. */
export function callProfile(state: IamState, call: ProfileCall): IamResult {
  const name = call.instanceProfileName;
  switch (call.call) {
    case "CreateInstanceProfile":
      return createProfile(state, name, call.path ?? "/");
    case "DeleteInstanceProfile": {
      const profile = expectProfile(state, name);
      if (profile.role !== undefined) {
        throw new IamRefusedError(
          "DeleteConflict",
          "Cannot delete entity, must remove roles from instance profile first.",
        );
      }
      state.profiles.splice(state.profiles.indexOf(profile), 1);
      return { kind: "nothing" };
    }
    case "AddRoleToInstanceProfile": {
      const profile = expectProfile(state, name);
      const role = expectRole(state, call.roleName);
      refuseProtected(role);
      if (profile.role !== undefined) {
        throw new IamRefusedError(
          "LimitExceeded",
          "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1",
        );
      }
      profile.role = role.name;
      return { kind: "nothing" };
    }
    case "RemoveRoleFromInstanceProfile": {
      const profile = expectProfile(state, name);
      const role = expectRole(state, call.roleName);
      if (profile.role !== role.name) {
        throw new IamRefusedError("NoSuchEntity", `The role with name ${call.roleName} cannot be found.`);
      }
      delete profile.role;
      return { kind: "nothing" };
    }
  }
}

function createProfile(state: IamState, name: string, requestedPath: string): IamResult {
  checkName("instanceProfileName", name, 128);
  const path = checkPath(requestedPath);
  if (findProfile(state, name)) {
    throw new IamRefusedError("EntityAlreadyExists", `Instance Profile ${name} already exists.`);
  }
  const arn = `arn:${state.partition}:iam::${state.account}:instance-profile${path}${name}`;
  const id = state.ids.entity("AIPA");
  state.profiles.push({ name, id, path, arn });
  return { kind: "profile", arn, id };
}

/** Finds a profile by its name, ignoring case. */
export function findProfile(state: IamState, name: string): StoredProfile | undefined {
  return state.profiles.find((profile) => profile.name.toLowerCase() === name.toLowerCase());
}

function expectProfile(state: IamState, name: string): StoredProfile {
  const profile = findProfile(state, name);
  if (profile) return profile;
  throw new IamRefusedError("NoSuchEntity", `Instance Profile ${name} cannot be found.`);
}
