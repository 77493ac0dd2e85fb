import { parseIamArn } from "@drift-guard/core/model/arn";
import { isOwnedByAws } from "@drift-guard/core/model/managed-policy";
import type { Reference } from "@drift-guard/core/reference/reference";
import type { IamResult, PolicyCall } from "./call.ts";
import { checkPermissions, documentLimits, documentSize } from "./documents.ts";
import { checkName, checkPath } from "./names.ts";
import { IamRefusedError } from "./refused-error.ts";
import { type IamState, rolesUsing, type StoredPolicy, type StoredRole } from "./state.ts";

// Default quotas (docs/aws-facts.md, "IAM limits").
const attachmentLimit = 10;
const versionLimit = 5;

/** One version of an AWS-managed policy. */
export interface AwsPolicy {
  readonly arn: string;
  /** Version id, such as `v13`. */
  readonly version: string;
  readonly text: string;
}

/** Returns the AWS-managed policies that references attach, with the versions and documents of the references. */
export function listAwsPolicies(references: readonly Reference[]): readonly AwsPolicy[] {
  return references.flatMap(({ attachments }) =>
    attachments.map(({ arn, version, document }) => ({ arn, version, text: document })),
  );
}

/**
 * Publishes an AWS-managed policy, or its next version as the default. No event reports it (docs/aws-facts.md, "Managed
 * policies"). Throws `RangeError` if the ARN or version is not one of an AWS-managed policy.
 */
export function publishAwsPolicy(state: IamState, { arn, version, text }: AwsPolicy): void {
  const number = Number(/^v(\d+)$/.exec(version)?.[1]);
  const named = parseIamArn(arn);
  if (Number.isNaN(number) || named?.account !== "aws" || named.type !== "policy") {
    throw new RangeError(`"${arn}" in version "${version}" is not an AWS-managed policy.`);
  }
  const known = state.policies.get(arn);
  if (known) {
    known.versions.push({ id: version, text });
    known.defaultVersion = version;
    known.nextVersion = number + 1;
    return;
  }
  state.policies.set(arn, {
    arn,
    id: state.ids.entity("ANPA"),
    name: named.name,
    path: named.path,
    versions: [{ id: version, text }],
    defaultVersion: version,
    nextVersion: number + 1,
  });
}

/** Attaches a managed policy. Does nothing if it is attached. Throws `IamRefusedError`. */
export function attachPolicy(state: IamState, role: StoredRole, arn: string): void {
  const policy = state.policies.get(arn);
  if (!policy)
    throw new IamRefusedError("NoSuchEntity", `Policy ${arn} does not exist or is not attachable.`);
  if (policy.path.startsWith("/aws-service-role/")) {
    throw new IamRefusedError(
      "PolicyNotAttachable",
      "Cannot attach a Service Role Policy to a Customer Role.",
    );
  }
  if (!role.attached.has(arn) && role.attached.size >= attachmentLimit) {
    throw new IamRefusedError("LimitExceeded", `Cannot exceed quota for PoliciesPerRole: ${attachmentLimit}`);
  }
  role.attached.add(arn);
}

/** Detaches a managed policy. Throws `IamRefusedError` if it is not attached. */
export function detachPolicy(role: StoredRole, arn: string): void {
  if (!role.attached.delete(arn)) throw new IamRefusedError("NoSuchEntity", `Policy ${arn} was not found.`);
}

/** Carries out a call on a managed policy. Throws `IamRefusedError` and then changes nothing. */
export function callPolicy(state: IamState, call: PolicyCall): IamResult {
  switch (call.call) {
    case "CreatePolicy":
      return createPolicy(state, call);
    case "CreatePolicyVersion":
      return createVersion(
        expectCustomerManaged(state, call.policyArn),
        call.policyDocument,
        call.setAsDefault ?? false,
      );
    case "SetDefaultPolicyVersion": {
      const policy = expectCustomerManaged(state, call.policyArn);
      policy.defaultVersion = expectVersion(policy, call.versionId);
      return { kind: "nothing" };
    }
    case "DeletePolicyVersion":
      deleteVersion(expectCustomerManaged(state, call.policyArn), call.versionId);
      return { kind: "nothing" };
    case "DeletePolicy":
      deletePolicy(state, expectCustomerManaged(state, call.policyArn));
      return { kind: "nothing" };
  }
}

function createPolicy(state: IamState, call: Extract<PolicyCall, { call: "CreatePolicy" }>): IamResult {
  checkName("policyName", call.policyName, 128);
  const path = checkPath(call.path ?? "/");
  const name = call.policyName.toLowerCase();
  const own = [...state.policies.values()].filter((policy) => !isOwnedByAws(policy.arn));
  if (own.some((policy) => policy.name.toLowerCase() === name)) {
    throw new IamRefusedError(
      "EntityAlreadyExists",
      `A policy called ${call.policyName} already exists. Duplicate names are not allowed.`,
    );
  }
  checkManaged(call.policyDocument);
  const arn = `arn:${state.partition}:iam::${state.account}:policy${path}${call.policyName}`;
  const id = state.ids.entity("ANPA");
  state.policies.set(arn, {
    arn,
    id,
    name: call.policyName,
    path,
    versions: [{ id: "v1", text: call.policyDocument }],
    defaultVersion: "v1",
    nextVersion: 2,
  });
  return { kind: "policy", arn, id };
}

function createVersion(policy: StoredPolicy, text: string, setAsDefault: boolean): IamResult {
  if (policy.versions.length >= versionLimit) {
    throw new IamRefusedError(
      "LimitExceeded",
      `A managed policy can have up to ${versionLimit} versions. Before you create a new version, you must delete an existing version.`,
    );
  }
  checkManaged(text);
  const versionId = `v${policy.nextVersion}`;
  policy.nextVersion += 1;
  policy.versions.push({ id: versionId, text });
  if (setAsDefault) policy.defaultVersion = versionId;
  return { kind: "version", versionId };
}

function deleteVersion(policy: StoredPolicy, versionId: string): void {
  expectVersion(policy, versionId);
  if (versionId === policy.defaultVersion) {
    throw new IamRefusedError("DeleteConflict", "Cannot delete the default version of a policy.");
  }
  const at = policy.versions.findIndex((version) => version.id === versionId);
  policy.versions.splice(at, 1);
}

function deletePolicy(state: IamState, policy: StoredPolicy): void {
  if (rolesUsing(state, policy.arn).length > 0) {
    throw new IamRefusedError("DeleteConflict", "Cannot delete a policy attached to entities.");
  }
  if (policy.versions.length > 1) {
    throw new IamRefusedError(
      "DeleteConflict",
      "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.",
    );
  }
  state.policies.delete(policy.arn);
}

function checkManaged(text: string): void {
  checkPermissions(text);
  if (documentSize(text) > documentLimits.managed) {
    throw new IamRefusedError(
      "LimitExceeded",
      `Cannot exceed quota for PolicySize: ${documentLimits.managed}`,
    );
  }
}

function expectCustomerManaged(state: IamState, arn: string): StoredPolicy {
  if (isOwnedByAws(arn)) throw new IamRefusedError("AccessDenied", "Policy is outside your own account.");
  const policy = state.policies.get(arn);
  if (policy) return policy;
  throw new IamRefusedError("NoSuchEntity", `Policy ${arn} was not found.`);
}

function expectVersion(policy: StoredPolicy, versionId: string): string {
  if (policy.versions.some((version) => version.id === versionId)) return versionId;
  throw new IamRefusedError(
    "NoSuchEntity",
    `Policy ${policy.arn} version ${versionId} does not exist or is not attachable.`,
  );
}
