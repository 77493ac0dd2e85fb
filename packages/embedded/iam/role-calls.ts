import type { IamResult, RoleCall, Tag } from "./call.ts";
import { checkPermissions, checkTrust, documentLimits, documentSize } from "./documents.ts";
import { refuseProtected } from "./linked-roles.ts";
import { attachPolicy, detachPolicy } from "./managed-policies.ts";
import { checkName, checkPath } from "./names.ts";
import { IamRefusedError } from "./refused-error.ts";
import { expectRole, findRole, type IamState, type StoredRole } from "./state.ts";

// docs/aws-facts.md, "IAM limits".
const tagLimit = 50;
// Seconds.
const defaultMaxSession = 3_600;
// The default quota of roles in an account.
const roleLimit = 1_000;

/** Carries out a call on a role. Throws `IamRefusedError` and then changes nothing. */
export function callRole(state: IamState, call: RoleCall): IamResult {
  if (call.call === "CreateRole") return createRole(state, call);
  const role = expectRole(state, call.roleName);
  switch (call.call) {
    case "TagRole":
      tagRole(role, call.tags);
      break;
    case "UntagRole":
      for (const key of call.tagKeys) role.tags.delete(key.toLowerCase());
      break;
    case "UpdateRoleDescription":
      role.description = call.description;
      break;
    case "UpdateRole":
      updateRole(role, call);
      break;
    default:
      refuseProtected(role);
      changeRole(state, role, call);
  }
  return { kind: "nothing" };
}

type ProtectedCall = Exclude<
  RoleCall,
  { call: "CreateRole" | "TagRole" | "UntagRole" | "UpdateRole" | "UpdateRoleDescription" }
>;

function changeRole(state: IamState, role: StoredRole, call: ProtectedCall): void {
  switch (call.call) {
    case "DeleteRole":
      deleteRole(state, role);
      break;
    case "UpdateAssumeRolePolicy":
      role.trusted = checkTrust(state, call.policyDocument);
      role.trust = call.policyDocument;
      break;
    case "AttachRolePolicy":
      attachPolicy(state, role, call.policyArn);
      break;
    case "DetachRolePolicy":
      detachPolicy(role, call.policyArn);
      break;
    case "PutRolePolicy":
      putInline(role, call.policyName, call.policyDocument);
      break;
    case "DeleteRolePolicy":
      if (!role.inline.delete(call.policyName)) {
        throw new IamRefusedError(
          "NoSuchEntity",
          `The role policy with name ${call.policyName} cannot be found.`,
        );
      }
      break;
    case "PutRolePermissionsBoundary":
      role.boundary = expectBoundary(state, call.permissionsBoundary);
      break;
    case "DeleteRolePermissionsBoundary":
      delete role.boundary;
      break;
  }
}

function createRole(state: IamState, call: Extract<RoleCall, { call: "CreateRole" }>): IamResult {
  checkName("roleName", call.roleName, 64);
  const path = checkPath(call.path ?? "/");
  if (path.startsWith("/aws-service-role/")) {
    throw new IamRefusedError(
      "InvalidInput",
      "Path prefix '/aws-service-role/' can only be used for AWS Service linked Roles",
    );
  }
  if (findRole(state, call.roleName)) {
    throw new IamRefusedError("EntityAlreadyExists", `Role with name ${call.roleName} already exists.`);
  }
  if (state.roles.length >= roleLimit) {
    throw new IamRefusedError("LimitExceeded", `Cannot exceed quota for RolesPerAccount: ${roleLimit}`);
  }
  const trusted = checkTrust(state, call.assumeRolePolicyDocument);
  const role: StoredRole = {
    name: call.roleName,
    id: state.ids.entity("AROA"),
    path,
    arn: `arn:${state.partition}:iam::${state.account}:role${path}${call.roleName}`,
    trust: call.assumeRolePolicyDocument,
    trusted,
    description: call.description ?? "",
    maxSession: checkMaxSession(call.maxSessionDuration ?? defaultMaxSession),
    attached: new Set(),
    inline: new Map(),
    ...(call.permissionsBoundary && { boundary: expectBoundary(state, call.permissionsBoundary) }),
    tags: new Map(),
  };
  tagRole(role, call.tags ?? []);
  state.roles.push(role);
  return { kind: "role", name: role.name, arn: role.arn, id: role.id };
}

function deleteRole(state: IamState, role: StoredRole): void {
  const conflict = (what: string) =>
    new IamRefusedError("DeleteConflict", `Cannot delete entity, must ${what} first.`);
  if (state.profiles.some((profile) => profile.role === role.name)) {
    throw conflict("remove roles from instance profile");
  }
  if (role.attached.size > 0) throw conflict("detach all policies");
  if (role.inline.size > 0) throw conflict("delete policies");
  state.roles.splice(state.roles.indexOf(role), 1);
}

function updateRole(role: StoredRole, call: Extract<RoleCall, { call: "UpdateRole" }>): void {
  if (call.maxSessionDuration !== undefined) {
    refuseProtected(role);
    role.maxSession = checkMaxSession(call.maxSessionDuration);
  } else if (role.linkedTo === undefined) {
    // The default applies to a duration that is left out (docs/aws-facts.md, "Sessions and tags of roles").
    role.maxSession = defaultMaxSession;
  }
  if (call.description !== undefined) role.description = call.description;
}

function putInline(role: StoredRole, name: string, text: string): void {
  checkName("policyName", name, 128);
  checkPermissions(text);
  const others = [...role.inline].filter(([other]) => other !== name);
  const size = others.reduce((sum, [, other]) => sum + documentSize(other), documentSize(text));
  if (size > documentLimits.inline) {
    throw new IamRefusedError(
      "LimitExceeded",
      `Maximum policy size of ${documentLimits.inline} bytes exceeded for role ${role.name}`,
    );
  }
  role.inline.set(name, text);
}

function tagRole(role: StoredRole, tags: readonly Tag[]): void {
  const keys = tags.map(({ key }) => key.toLowerCase());
  if (new Set(keys).size < keys.length) {
    throw new IamRefusedError(
      "InvalidInput",
      "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
    );
  }
  if (new Set([...role.tags.keys(), ...keys]).size > tagLimit) {
    throw new IamRefusedError("LimitExceeded", "The number of tags has reached the maximum limit.");
  }
  for (const tag of tags) role.tags.set(tag.key.toLowerCase(), tag);
}

function expectBoundary(state: IamState, arn: string): string {
  if (state.policies.has(arn)) return arn;
  throw new IamRefusedError("NoSuchEntity", `Scope ARN: ${arn} does not exist or is not attachable.`);
}

function checkMaxSession(seconds: number): number {
  if (seconds >= 3_600 && seconds <= 43_200) return seconds;
  const limit = seconds < 3_600 ? "greater than or equal to 3600" : "less than or equal to 43200";
  throw new IamRefusedError(
    "ValidationError",
    `1 validation error detected: Value '${seconds}' at 'maxSessionDuration' failed to satisfy constraint: Member must have value ${limit}`,
  );
}
