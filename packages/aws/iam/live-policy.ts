import {
  GetPolicyVersionCommand,
  type IAMClient,
  type PolicyUsageType,
  paginateListEntitiesForPolicy,
  paginateListPolicyVersions,
} from "@aws-sdk/client-iam";
import { RoleUnreadableError } from "@drift-guard/core/errors";
import type { LivePolicy } from "@drift-guard/core/model/managed-policy";
import type { ManagedPolicyReader } from "@drift-guard/core/ports";
import { errorCodeOf, formatFailure, isDenied } from "../failure.ts";
import { decodeDocument } from "./document.ts";
import { collectPages, expectMember } from "./pages.ts";
import { createPolicyReader } from "./policies.ts";

/**
 * Creates a reader of customer-managed policies. It needs `iam:GetPolicy` and `iam:GetPolicyVersion`; without
 * `iam:ListPolicyVersions` it returns the default version alone, and without `iam:ListEntitiesForPolicy` no holders.
 */
export function createManagedPolicyReader(client: IAMClient): ManagedPolicyReader {
  const defaults = createPolicyReader(client);
  return {
    async readPolicy(arn) {
      const versions =
        (await allowed(arn, "iam:ListPolicyVersions", () => listVersions(client, arn))) ??
        (await readDefault(arn));
      if (versions.length === 0) return undefined;
      const holders = await allowed(arn, "iam:ListEntitiesForPolicy", () => listHolders(client, arn));
      return { arn, versions, ...(holders && { holders }) };
    },
  };

  async function readDefault(arn: string): Promise<LivePolicy["versions"]> {
    const { version } = await defaults.read(arn);
    return version.observed ? [{ ...version.value, isDefault: true }] : [];
  }
}

/** Returns undefined where IAM denies the call, and an empty list where the policy does not exist. */
async function allowed<T>(
  arn: string,
  permission: string,
  list: () => Promise<readonly T[]>,
): Promise<readonly T[] | undefined> {
  try {
    return await list();
  } catch (error) {
    if (errorCodeOf(error) === "NoSuchEntity") return [];
    if (isDenied(error)) return undefined;
    throw new RoleUnreadableError(
      `The policy ${arn} could not be read: ${formatFailure(error, permission)}`,
      { cause: error },
    );
  }
}

async function listVersions(client: IAMClient, arn: string): Promise<LivePolicy["versions"]> {
  const listed = await collectPages(
    "ListPolicyVersions",
    paginateListPolicyVersions({ client }, { PolicyArn: arn }),
    ({ Versions = [] }) => Versions,
  );
  return Promise.all(
    listed.map(async ({ VersionId, IsDefaultVersion = false }) => {
      const id = expectMember(VersionId, "ListPolicyVersions", "VersionId");
      const answer = await client.send(new GetPolicyVersionCommand({ PolicyArn: arn, VersionId: id }));
      const document = expectMember(answer.PolicyVersion?.Document, "GetPolicyVersion", "Document");
      return { id, isDefault: IsDefaultVersion, text: decodeDocument(document) };
    }),
  );
}

async function listHolders(client: IAMClient, arn: string): Promise<readonly string[]> {
  const lists = await Promise.all(
    (["PermissionsPolicy", "PermissionsBoundary"] as const).map((usage) => listEntities(client, arn, usage)),
  );
  return [...new Set(lists.flat())].sort();
}

function listEntities(client: IAMClient, arn: string, usage: PolicyUsageType): Promise<readonly string[]> {
  return collectPages(
    "ListEntitiesForPolicy",
    paginateListEntitiesForPolicy({ client }, { PolicyArn: arn, PolicyUsageFilter: usage }),
    ({ PolicyRoles = [], PolicyUsers = [], PolicyGroups = [] }) => [
      ...PolicyRoles.map(({ RoleName = "" }) => `role ${RoleName}`),
      ...PolicyUsers.map(({ UserName = "" }) => `user ${UserName}`),
      ...PolicyGroups.map(({ GroupName = "" }) => `group ${GroupName}`),
    ],
  );
}
