import {
  type IAMClient,
  type Role as IamRole,
  type ManagedPolicyDetail,
  paginateGetAccountAuthorizationDetails,
  paginateListRoles,
  type RoleDetail,
} from "@aws-sdk/client-iam";
import { RoleUnreadableError } from "@drift-guard/core/errors";
import {
  type AttachedPolicy,
  type Observed,
  type PolicyVersion,
  type Role,
  type RoleReading,
  seen,
  unseen,
} from "@drift-guard/core/model/role";
import type { AwsAccount } from "../account.ts";
import { formatFailure, isDenied } from "../failure.ts";
import { decodeDocument } from "./document.ts";
import { expectMember, validatePages } from "./pages.ts";
import type { PolicyReader } from "./policies.ts";
import { identifyRole, tagsOf } from "./role.ts";

const details = "GetAccountAuthorizationDetails";
// The most that IAM gives in one page.
const pageSize = 1000;

/**
 * Reads many roles by the account's pages: authorization details, joined with ListRoles, which alone tells description
 * and longest session (platform-facts 4). Throws `RoleUnreadableError`.
 */
export async function* readRoles(
  client: IAMClient,
  policies: PolicyReader,
  at: AwsAccount,
  names: readonly string[],
): AsyncIterable<RoleReading> {
  if (names.length === 0) return;
  const wanted = new Set(names.map((name) => name.toLowerCase()));
  const [account, listed] = await Promise.all([readDetails(client, wanted), listRoles(client, wanted)]);
  for (const name of names) {
    const found = account.roles.get(name.toLowerCase());
    if (!found) {
      yield { status: "absent", account: at.account, name };
      continue;
    }
    yield { status: "present", role: await joinRole(found, account.versions, listed, policies, at) };
  }
}

interface AccountDetails {
  /** By lower-case name. */
  readonly roles: ReadonlyMap<string, RoleDetail>;
  /** The default version of each managed policy, by ARN. */
  readonly versions: ReadonlyMap<string, PolicyVersion>;
}

async function readDetails(client: IAMClient, wanted: ReadonlySet<string>): Promise<AccountDetails> {
  const roles = new Map<string, RoleDetail>();
  const versions = new Map<string, PolicyVersion>();
  try {
    const pages = paginateGetAccountAuthorizationDetails(
      { client, pageSize },
      { Filter: ["Role", "LocalManagedPolicy", "AWSManagedPolicy"] },
    );
    for await (const page of validatePages(details, pages)) {
      for (const role of page.RoleDetailList ?? []) {
        const name = expectMember(role.RoleName, details, "RoleName").toLowerCase();
        if (wanted.has(name)) roles.set(name, role);
      }
      for (const policy of page.Policies ?? []) {
        const version = defaultVersionOf(policy);
        if (version && policy.Arn) versions.set(policy.Arn, version);
      }
    }
  } catch (error) {
    throw unreadable(error, `iam:${details}`);
  }
  return { roles, versions };
}

function defaultVersionOf(policy: ManagedPolicyDetail): PolicyVersion | undefined {
  const version = policy.PolicyVersionList?.find(({ IsDefaultVersion }) => IsDefaultVersion);
  if (version?.VersionId === undefined || version.Document === undefined) return undefined;
  return { id: version.VersionId, text: decodeDocument(version.Document) };
}

async function listRoles(
  client: IAMClient,
  wanted: ReadonlySet<string>,
): Promise<Observed<ReadonlyMap<string, IamRole>>> {
  const roles = new Map<string, IamRole>();
  try {
    for await (const page of validatePages("ListRoles", paginateListRoles({ client, pageSize }, {}))) {
      for (const role of page.Roles ?? []) {
        if (role.RoleId && wanted.has(role.RoleName?.toLowerCase() ?? "")) roles.set(role.RoleId, role);
      }
    }
  } catch (error) {
    if (isDenied(error)) return unseen(formatFailure(error, "iam:ListRoles"));
    throw unreadable(error, "iam:ListRoles");
  }
  return seen(roles);
}

async function joinRole(
  found: RoleDetail,
  versions: ReadonlyMap<string, PolicyVersion>,
  listed: Observed<ReadonlyMap<string, IamRole>>,
  policies: PolicyReader,
  at: AwsAccount,
): Promise<Role> {
  const readPolicy = async (arn: string): Promise<AttachedPolicy> => {
    const version = versions.get(arn);
    // A policy made or attached while the pages were read is in none of them.
    return version ? { arn, version: seen(version) } : policies.read(arn);
  };
  const boundaryArn = found.PermissionsBoundary?.PermissionsBoundaryArn;
  const arns = (found.AttachedManagedPolicies ?? []).map(({ PolicyArn }) =>
    expectMember(PolicyArn, details, "PolicyArn"),
  );
  const identity = identifyRole(found, at, details);
  return {
    ...identity,
    attached: await Promise.all(arns.map(readPolicy)),
    inline: (found.RolePolicyList ?? []).map(({ PolicyName, PolicyDocument }) => ({
      name: expectMember(PolicyName, details, "PolicyName"),
      text: decodeDocument(expectMember(PolicyDocument, details, "PolicyDocument")),
    })),
    boundary: seen(boundaryArn ? await readPolicy(boundaryArn) : null),
    tags: seen(tagsOf(found.Tags)),
    ...listedParts(listed, identity.id),
    profiles: seen(
      (found.InstanceProfileList ?? []).map((profile) =>
        expectMember(profile.InstanceProfileName, details, "InstanceProfileName"),
      ),
    ),
  };
}

function listedParts(
  listed: Observed<ReadonlyMap<string, IamRole>>,
  id: string,
): Pick<Role, "description" | "maxSession"> {
  if (!listed.observed) return { description: listed, maxSession: listed };
  const role = listed.value.get(id);
  if (role?.MaxSessionDuration === undefined) {
    const why = unseen(
      "ListRoles does not show this role; it was made or replaced while the account was read.",
    );
    return { description: why, maxSession: why };
  }
  return { description: seen(role.Description ?? ""), maxSession: seen(role.MaxSessionDuration) };
}

function unreadable(error: unknown, permission: string): RoleUnreadableError {
  if (error instanceof RoleUnreadableError) return error;
  return new RoleUnreadableError(
    `The account's roles could not be read: ${formatFailure(error, permission)}`,
    {
      cause: error,
    },
  );
}
