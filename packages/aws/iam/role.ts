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
  type RoleReading,
  seen,
  unseen,
} from "@drift-guard/core/model/role";
import type { AwsAccount } from "../account.ts";
import { errorCodeOf, formatFailure, isDenied } from "../failure.ts";
import { decodeDocument } from "./document.ts";
import { collectPages, expectMember } from "./pages.ts";
import type { PolicyReader } from "./policies.ts";

// Seconds, of a role whose answer names no duration: docs/aws-facts.md, "IAM reads and writes".
const defaultMaxSession = 3600;

/** Reads one role whole, and once more where something of it was deleted in between. Throws `RoleUnreadableError`. */
export async function readRole(
  client: IAMClient,
  policies: PolicyReader,
  at: AwsAccount,
  name: string,
): Promise<RoleReading> {
  const first = await readOnce(client, policies, at, name);
  if (first.gone.length === 0) return first.reading;
  const second = await readOnce(client, policies, at, name);
  if (second.unusable === undefined) return second.reading;
  throw new RoleUnreadableError(
    `The role ${name} changed twice while it was read. ${second.unusable} It is read again with the next recheck or sweep.`,
  );
}

interface Round {
  readonly reading: RoleReading;
  /** What was there in one call and not in a later one. */
  readonly gone: readonly string[];
  /** Set where what is gone leaves a reading that must not be used. */
  readonly unusable: string | undefined;
}

async function readOnce(
  client: IAMClient,
  policies: PolicyReader,
  at: AwsAccount,
  name: string,
): Promise<Round> {
  const found = await getRole(client, name);
  if (!found) {
    return {
      reading: { status: "absent", account: at.account, name },
      gone: [],
      unusable: undefined,
    };
  }
  const gone: string[] = [];
  let unusable: string | undefined;
  // Of a role without its list of policies, or with one of them left out, nothing true can be said.
  const lose = (why: string) => {
    gone.push(why);
    unusable ??= why;
  };
  const boundaryArn = found.PermissionsBoundary?.PermissionsBoundaryArn;
  const [attached, inline, boundary, profiles] = await Promise.all([
    listAttached(client, name, lose).then((arns) =>
      Promise.all(arns.map((arn) => policies.read(arn, (why) => gone.push(why)))),
    ),
    readInline(client, name, lose),
    boundaryArn ? policies.read(boundaryArn, (why) => gone.push(why)) : null,
    listProfiles(client, name, lose),
  ]);
  const role = {
    ...identifyRole(found, at, "GetRole"),
    attached,
    inline,
    boundary: seen(boundary),
    tags: seen(tagsOf(found.Tags)),
    description: seen(found.Description ?? ""),
    maxSession: seen(found.MaxSessionDuration ?? defaultMaxSession),
    profiles,
  };
  return { reading: { status: "present", role }, gone, unusable };
}

type Identity = {
  readonly [Member in "Arn" | "RoleName" | "RoleId" | "Path" | "AssumeRolePolicyDocument"]?:
    | string
    | undefined;
};

/** What every answer with a role in it says of the role. Throws `RoleUnreadableError` where it is of another account. */
export function identifyRole(found: Identity, at: AwsAccount, call: string) {
  const arn = expectMember(found.Arn, call, "Arn");
  if (arn.split(":")[4] !== at.account) {
    throw new RoleUnreadableError(
      `${call} answered for ${arn}, which is not in account ${at.account}. Use credentials of the guarded account.`,
    );
  }
  return {
    account: at.account,
    partition: at.partition,
    name: expectMember(found.RoleName, call, "RoleName"),
    id: expectMember(found.RoleId, call, "RoleId"),
    path: expectMember(found.Path, call, "Path"),
    arn,
    trust: decodeDocument(expectMember(found.AssumeRolePolicyDocument, call, "AssumeRolePolicyDocument")),
  };
}

/** Tags by their keys. */
export function tagsOf(
  tags: readonly { readonly Key: string | undefined; readonly Value: string | undefined }[] = [],
): Readonly<Record<string, string>> {
  return Object.fromEntries(tags.map(({ Key, Value }) => [Key ?? "", Value ?? ""]));
}

async function getRole(client: IAMClient, name: string): Promise<IamRole | undefined> {
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
  lose: (why: string) => void,
): Promise<readonly string[]> {
  const call = "ListAttachedRolePolicies";
  try {
    const pages = paginateListAttachedRolePolicies({ client }, { RoleName: name });
    const listed = await collectPages(call, pages, (page) => page.AttachedPolicies);
    return listed.map(({ PolicyArn }) => expectMember(PolicyArn, call, "PolicyArn"));
  } catch (error) {
    if (errorCodeOf(error) !== "NoSuchEntity") throw unreadable(name, error, `iam:${call}`);
    lose(`IAM shows it, and no list of its attached policies.`);
    return [];
  }
}

async function readInline(
  client: IAMClient,
  name: string,
  lose: (why: string) => void,
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
    lose(`Of its inline policies one is listed and not there.`);
    return [];
  }
}

async function listProfiles(
  client: IAMClient,
  name: string,
  lose: (why: string) => void,
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
    lose(`IAM shows it, and no list of its instance profiles.`);
    return seen([]);
  }
}

function unreadable(name: string, error: unknown, permission: string): RoleUnreadableError {
  if (error instanceof RoleUnreadableError) return error;
  return new RoleUnreadableError(`The role ${name} could not be read: ${formatFailure(error, permission)}`, {
    cause: error,
  });
}
