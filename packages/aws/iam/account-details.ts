import {
  type IAMClient,
  type ManagedPolicyDetail,
  paginateGetAccountAuthorizationDetails,
  type RoleDetail,
} from "@aws-sdk/client-iam";
import { RoleUnreadableError } from "@drift-guard/core/errors";
import {
  type AttachedPolicy,
  type PolicyVersion,
  type Role,
  type RoleReading,
  seen,
  unseen,
} from "@drift-guard/core/model/role";
import type { AwsAccount } from "../account.ts";
import { formatFailure } from "../failure.ts";
import { decodeDocument } from "./document.ts";
import { identifyRole, tagsOf } from "./identity.ts";
import { expectMember, validatePages } from "./pages.ts";
import type { PolicyReader } from "./policies.ts";
import { readAhead } from "./read-ahead.ts";
import { getRole, settingsOf } from "./role.ts";

const call = "GetAccountAuthorizationDetails";
// The page limit of the call.
const pageSize = 1000;
// IAM throttles the reads of a whole account, and others read too.
const readsAtOnce = 5;

/**
 * Reads roles from all pages of the account (`iam:GetAccountAuthorizationDetails`) and yields one reading for each name, in
 * their order. It calls `policies` for a managed policy that was created or attached during the read.
 *
 * The pages contain neither description nor maximum session duration. Both are read by `iam:GetRole` for the roles that need
 * them, five at once; where that call fails or finds another role of the name, and for all other roles, they are unobserved. Throws
 * `RoleUnreadableError`.
 */
export async function* readRoles(
  client: IAMClient,
  policies: PolicyReader,
  at: AwsAccount,
  { names, needsSettings, onPage = () => {} }: BulkRead,
): AsyncIterable<RoleReading> {
  if (names.length === 0) return;
  const wanted = new Set(names.map((name) => name.toLowerCase()));
  const account = await readDetails(client, wanted, onPage);
  yield* readAhead(names, readsAtOnce, async (name): Promise<RoleReading> => {
    const found = account.roles.get(name.toLowerCase());
    if (!found) return { status: "absent", account: at.account, name };
    const role = await joinRole(found, account.versions, policies, at);
    return { status: "present", role: needsSettings(name) ? await addSettings(client, role) : role };
  });
}

async function addSettings(client: IAMClient, role: Role): Promise<Role> {
  try {
    const found = await getRole(client, role.name);
    return found?.RoleId === role.id ? { ...role, ...settingsOf(found) } : role;
  } catch (error) {
    if (!(error instanceof RoleUnreadableError)) throw error;
    const why = unseen(error.message);
    return { ...role, description: why, maxSession: why };
  }
}

/** What to read from the pages of an account. */
interface BulkRead {
  readonly names: readonly string[];
  /** Whether a role's description and maximum session duration are read. */
  readonly needsSettings: (name: string) => boolean;
  /** Called with the number of the account's roles so far. */
  readonly onPage?: (roles: number) => void;
}

/** What the pages of the account contain. */
interface AccountDetails {
  /** By lower-case name. */
  readonly roles: ReadonlyMap<string, RoleDetail>;
  /** The default version of each managed policy, by ARN. */
  readonly versions: ReadonlyMap<string, PolicyVersion>;
}

async function readDetails(
  client: IAMClient,
  wanted: ReadonlySet<string>,
  onPage: (roles: number) => void,
): Promise<AccountDetails> {
  let count = 0;
  const roles = new Map<string, RoleDetail>();
  const versions = new Map<string, PolicyVersion>();
  try {
    const pages = paginateGetAccountAuthorizationDetails(
      { client, pageSize },
      { Filter: ["Role", "LocalManagedPolicy", "AWSManagedPolicy"] },
    );
    for await (const page of validatePages(call, pages)) {
      for (const role of page.RoleDetailList ?? []) {
        const name = expectMember(role.RoleName, call, "RoleName").toLowerCase();
        if (wanted.has(name)) roles.set(name, role);
      }
      count += page.RoleDetailList?.length ?? 0;
      onPage(count);
      for (const policy of page.Policies ?? []) {
        const version = defaultVersionOf(policy);
        if (version && policy.Arn) versions.set(policy.Arn, version);
      }
    }
  } catch (error) {
    throw unreadable(error, `iam:${call}`);
  }
  return { roles, versions };
}

function defaultVersionOf(policy: ManagedPolicyDetail): PolicyVersion | undefined {
  const version = policy.PolicyVersionList?.find(({ IsDefaultVersion }) => IsDefaultVersion);
  if (version?.VersionId === undefined || version.Document === undefined) return undefined;
  return { id: version.VersionId, text: decodeDocument(version.Document) };
}

async function joinRole(
  found: RoleDetail,
  versions: ReadonlyMap<string, PolicyVersion>,
  policies: PolicyReader,
  at: AwsAccount,
): Promise<Role> {
  const readPolicy = async (arn: string): Promise<AttachedPolicy> => {
    const version = versions.get(arn);
    // A policy that was created or attached during the read is on none of the pages.
    return version ? { arn, version: seen(version) } : policies.read(arn);
  };
  const boundaryArn = found.PermissionsBoundary?.PermissionsBoundaryArn;
  const arns = (found.AttachedManagedPolicies ?? []).map(({ PolicyArn }) =>
    expectMember(PolicyArn, call, "PolicyArn"),
  );
  return {
    ...identifyRole(found, at, call),
    attached: await Promise.all(arns.map(readPolicy)),
    inline: (found.RolePolicyList ?? []).map(({ PolicyName, PolicyDocument }) => ({
      name: expectMember(PolicyName, call, "PolicyName"),
      text: decodeDocument(expectMember(PolicyDocument, call, "PolicyDocument")),
    })),
    boundary: seen(boundaryArn ? await readPolicy(boundaryArn) : null),
    tags: seen(tagsOf(found.Tags)),
    description: unseen(`${call} does not return descriptions; GetRole does.`),
    maxSession: unseen(`${call} does not return the maximum session duration; GetRole does.`),
    profiles: seen(
      (found.InstanceProfileList ?? []).map((profile) =>
        expectMember(profile.InstanceProfileName, call, "InstanceProfileName"),
      ),
    ),
  };
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
