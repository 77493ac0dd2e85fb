import {
  GetRoleCommand,
  GetRolePolicyCommand,
  type IAMClient,
  type Role as IamRole,
  paginateListAttachedRolePolicies,
  paginateListInstanceProfilesForRole,
  paginateListRolePolicies,
} from "@aws-sdk/client-iam";
import { RoleUnreadableError } from "@drift-guard/core/errors";
import {
  type InlinePolicy,
  type Observed,
  type Role,
  type RoleReading,
  seen,
  unseen,
} from "@drift-guard/core/model/role";
import type { AwsAccount } from "../account.ts";
import { errorCodeOf, formatFailure, isDenied } from "../failure.ts";
import { decodeDocument } from "./document.ts";
import { identifyRole, tagsOf } from "./identity.ts";
import { collectPages, expectMember } from "./pages.ts";
import type { PolicyReader } from "./policies.ts";

// Seconds; applies where GetRole returns no duration (docs/aws-facts.md, "IAM reads and writes").
const defaultMaxSession = 3600;

/**
 * Reads one role with all its parts, and reads it again if a part was deleted between two calls. It needs `iam:GetRole`,
 * `iam:ListAttachedRolePolicies`, `iam:ListRolePolicies`, `iam:GetRolePolicy`, `iam:ListInstanceProfilesForRole`,
 * `iam:GetPolicy` and `iam:GetPolicyVersion`, and reads all pages.
 *
 * A managed policy's document and the instance profiles are unobserved if IAM denies the calls for them. Throws
 * `RoleUnreadableError` for every other failure, for an answer about another account, and if the role changed during
 * both reads.
 */
export async function readRole(
  client: IAMClient,
  policies: PolicyReader,
  at: AwsAccount,
  name: string,
): Promise<RoleReading> {
  const first = await readOnce(client, policies, at, name);
  if (first.missing.length === 0) return first.reading;
  const second = await readOnce(client, policies, at, name);
  if (second.unusable === undefined) return second.reading;
  throw new RoleUnreadableError(
    `The role ${name} changed twice while it was read. ${second.unusable} The next recheck or sweep reads it again.`,
  );
}

/** One pass over the calls that make up a role. */
interface ReadAttempt {
  readonly reading: RoleReading;
  /** One sentence for each part that one call listed and a later call did not find. */
  readonly missing: readonly string[];
  /** Why the reading must not be used: a whole list, or an inline policy, is missing. */
  readonly unusable: string | undefined;
}

async function readOnce(
  client: IAMClient,
  policies: PolicyReader,
  at: AwsAccount,
  name: string,
): Promise<ReadAttempt> {
  const found = await getRole(client, name);
  if (!found) {
    return {
      reading: { status: "absent", account: at.account, name },
      missing: [],
      unusable: undefined,
    };
  }
  const missing: string[] = [];
  let unusable: string | undefined;
  const markUnusable = (why: string) => {
    missing.push(why);
    unusable ??= why;
  };
  const boundaryArn = found.PermissionsBoundary?.PermissionsBoundaryArn;
  const [attached, inline, boundary, profiles] = await Promise.all([
    listAttached(client, name, markUnusable).then((arns) =>
      Promise.all(arns.map((arn) => policies.read(arn, (why) => missing.push(why)))),
    ),
    readInline(client, name, markUnusable),
    boundaryArn ? policies.read(boundaryArn, (why) => missing.push(why)) : null,
    listProfiles(client, name, markUnusable),
  ]);
  const role = {
    ...identifyRole(found, at, "GetRole"),
    attached,
    inline,
    boundary: seen(boundary),
    tags: seen(tagsOf(found.Tags)),
    ...settingsOf(found),
    profiles,
  };
  return { reading: { status: "present", role }, missing, unusable };
}

/** Returns the parts of a role that only GetRole shows: its description and its maximum session duration. */
export function settingsOf({
  Description,
  MaxSessionDuration,
}: Pick<IamRole, "Description" | "MaxSessionDuration">): Pick<Role, "description" | "maxSession"> {
  return {
    description: seen(Description ?? ""),
    maxSession: seen(MaxSessionDuration ?? defaultMaxSession),
  };
}

/** Returns IAM's answer to GetRole, or undefined if the role does not exist. Throws `RoleUnreadableError`. */
export async function getRole(client: IAMClient, name: string): Promise<IamRole | undefined> {
  try {
    const { Role } = await client.send(new GetRoleCommand({ RoleName: name }));
    return expectMember(Role, "GetRole", "Role");
  } catch (error) {
    if (errorCodeOf(error) === "NoSuchEntity") return undefined;
    throw unreadable(name, error, "iam:GetRole");
  }
}

async function listAttached(
  client: IAMClient,
  name: string,
  markUnusable: (why: string) => void,
): Promise<readonly string[]> {
  const call = "ListAttachedRolePolicies";
  try {
    const pages = paginateListAttachedRolePolicies({ client }, { RoleName: name });
    const listed = await collectPages(call, pages, (page) => page.AttachedPolicies);
    return listed.map(({ PolicyArn }) => expectMember(PolicyArn, call, "PolicyArn"));
  } catch (error) {
    if (errorCodeOf(error) !== "NoSuchEntity") throw unreadable(name, error, `iam:${call}`);
    markUnusable("GetRole found the role and ListAttachedRolePolicies did not.");
    return [];
  }
}

async function readInline(
  client: IAMClient,
  name: string,
  markUnusable: (why: string) => void,
): Promise<readonly InlinePolicy[]> {
  let permission = "iam:ListRolePolicies";
  try {
    const pages = paginateListRolePolicies({ client }, { RoleName: name });
    const names = await collectPages("ListRolePolicies", pages, (page) => page.PolicyNames);
    permission = "iam:GetRolePolicy";
    return await Promise.all(
      names.map(async (policy) => {
        const answer = await client.send(new GetRolePolicyCommand({ RoleName: name, PolicyName: policy }));
        const text = expectMember(answer.PolicyDocument, "GetRolePolicy", "PolicyDocument");
        return { name: policy, text: decodeDocument(text) };
      }),
    );
  } catch (error) {
    if (errorCodeOf(error) !== "NoSuchEntity") throw unreadable(name, error, permission);
    markUnusable("One of its inline policies was listed and not found.");
    return [];
  }
}

async function listProfiles(
  client: IAMClient,
  name: string,
  markUnusable: (why: string) => void,
): Promise<Observed<readonly string[]>> {
  const call = "ListInstanceProfilesForRole";
  try {
    const pages = paginateListInstanceProfilesForRole({ client }, { RoleName: name });
    const listed = await collectPages(call, pages, (page) => page.InstanceProfiles);
    return seen(
      listed.map((profile) => expectMember(profile.InstanceProfileName, call, "InstanceProfileName")),
    );
  } catch (error) {
    if (isDenied(error)) return unseen(formatFailure(error, `iam:${call}`));
    if (errorCodeOf(error) !== "NoSuchEntity") throw unreadable(name, error, `iam:${call}`);
    markUnusable("GetRole found the role and ListInstanceProfilesForRole did not.");
    return seen([]);
  }
}

function unreadable(name: string, error: unknown, permission: string): RoleUnreadableError {
  if (error instanceof RoleUnreadableError) return error;
  return new RoleUnreadableError(`The role ${name} could not be read: ${formatFailure(error, permission)}`, {
    cause: error,
  });
}
