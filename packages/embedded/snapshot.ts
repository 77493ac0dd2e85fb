import { isDeepStrictEqual } from "node:util";
import { MessageUnreadableError, RoleUnreadableError } from "@drift-guard/core/errors";
import { parseArn } from "@drift-guard/core/model/arn";
import {
  type AttachedPolicy,
  type PolicyVersion,
  type Role,
  type RoleReading,
  sameRoleName,
  seen,
  unseen,
} from "@drift-guard/core/model/role";
import type { RoleReader } from "@drift-guard/core/ports";
import { type PolicyDetail, parsePages, type RoleDetail, type SnapshotListing } from "./snapshot-pages.ts";

/** An account as a snapshot file shows it. */
export interface Snapshot {
  readonly account: string;
  readonly partition: string;
  /** The names of all roles in the file, in its order. */
  readonly roles: readonly string[];
  /** Reads the roles in the file. Throws `RoleUnreadableError` for a role that a cut file may omit. */
  readonly reader: RoleReader;
  /** Returns a managed policy with its default version, unobserved if the file does not contain it. */
  policy(arn: string): AttachedPolicy;
}

/** What to do about a policy that a snapshot does not contain. */
export const snapshotAdvice =
  "Create the file without --filter, or with --filter Role LocalManagedPolicy AWSManagedPolicy.";

/**
 * Parses the output of `aws iam get-account-authorization-details`; `source` names it in errors, such as a file's path.
 * Returns one snapshot for each account whose roles it contains, in the order of their first roles: files of several
 * accounts may have been put together (T18). Parts of a role that the output does not contain are unobserved. Throws
 * `MessageUnreadableError`, which names the place in the document and says what to do; so does an output without any role,
 * whose account is unknown.
 */
export function readSnapshots(text: string, source: string): readonly Snapshot[] {
  const pages = parsePages(text, source);
  const versionsOf = createVersionsByAccount(pages.listings);
  const roles = pages.listings
    .flatMap((listing) => listing.roles)
    .map((detail) => viewRole(detail, versionsOf(accountOf(detail))));
  const accounts = Map.groupBy(roles, ({ partition, account }) => `${partition}:${account}`);
  if (accounts.size === 0) {
    throw new MessageUnreadableError(
      `${source} contains no role, so its account is unknown. ${snapshotAdvice}`,
    );
  }
  // Each account's list has a last page, unless the roles of several accounts were merged into one list.
  const cut = pages.endsOpen || (pages.count > 1 && pages.lastPages < accounts.size);
  return [...accounts].flatMap(([account, own]) => createSnapshot(own, versionsOf(account), { cut, source }));
}

/** Like `readSnapshots`, for one account. Throws `MessageUnreadableError` if the output contains roles of several. */
export function readSnapshot(text: string, source: string): Snapshot {
  const [snapshot, ...others] = readSnapshots(text, source);
  if (snapshot && others.length === 0) return snapshot;
  const accounts = [snapshot, ...others].flatMap((each) => each?.account ?? []);
  throw new MessageUnreadableError(
    `${source} contains roles of the accounts ${accounts.join(" and ")}. Create a file for each account.`,
  );
}

function createSnapshot(
  roles: readonly Role[],
  versions: Versions,
  { cut, source }: { readonly cut: boolean; readonly source: string },
): readonly Snapshot[] {
  const [first] = roles;
  if (!first) return [];
  const { account, partition } = first;
  const copies = groupCopies(roles);
  return [
    {
      account,
      partition,
      roles: [...copies.values()].flatMap(([role]) => role?.name ?? []),
      reader: createReader(copies, { account, cut, source }),
      policy: (arn) => viewPolicy(arn, versions),
    },
  ];
}

/** The default version of each policy by its ARN; `undefined` if its document is absent, or which one is current is unknown. */
type Versions = ReadonlyMap<string, PolicyVersion | "ambiguous" | undefined>;

function accountOf({ Arn }: RoleDetail): string {
  const { partition = "", account = "" } = parseArn(Arn) ?? {};
  return `${partition}:${account}`;
}

/**
 * Returns the versions of policies as each account (`partition:account`) lists them: accounts may have been listed on
 * different days, and AWS changes its policies between. A list without any role counts for every account.
 */
function createVersionsByAccount(listings: readonly SnapshotListing[]): (account: string) => Versions {
  const byAccount = new Map<string, Versions>();
  // Accounts that were merged into one list share its versions.
  const byLists = new Map<string, Versions>();
  const owners = listings.map(({ roles }) => new Set(roles.map(accountOf)));
  const pairs = owners.flatMap((accounts, index) => [...accounts].map((account) => ({ account, index })));
  const listsOf = Map.groupBy(pairs, ({ account }) => account);
  const shared = owners.flatMap((accounts, index) => (accounts.size === 0 ? [index] : []));
  return (account) => {
    const known = byAccount.get(account);
    if (known) return known;
    const indexes = [...(listsOf.get(account) ?? []).map(({ index }) => index), ...shared];
    const key = indexes.join();
    const versions =
      byLists.get(key) ?? readVersions(indexes.flatMap((index) => listings[index]?.policies ?? []));
    byLists.set(key, versions);
    byAccount.set(account, versions);
    return versions;
  };
}

function readVersions(policies: readonly PolicyDetail[]): Versions {
  const versions = new Map<string, PolicyVersion | "ambiguous" | undefined>();
  for (const policy of policies) {
    const version = defaultVersion(policy);
    const known = versions.get(policy.Arn);
    const differs =
      known === "ambiguous" || (known && version && (known.id !== version.id || known.text !== version.text));
    versions.set(policy.Arn, differs ? "ambiguous" : (known ?? version));
  }
  return versions;
}

/** The different copies of each role, by its name in lower case. */
type Copies = ReadonlyMap<string, readonly Role[]>;

function groupCopies(roles: readonly Role[]): Copies {
  const copies = new Map<string, Role[]>();
  for (const role of roles) {
    const known = copies.get(role.name.toLowerCase());
    if (known === undefined) copies.set(role.name.toLowerCase(), [role]);
    else if (!known.some((copy) => isDeepStrictEqual(sortParts(copy), sortParts(role)))) known.push(role);
  }
  return copies;
}

// IAM lists parts in no fixed order.
function sortParts(role: Role): Role {
  const byKey = <T>(items: readonly T[], keyOf: (item: T) => string) =>
    items.toSorted((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1));
  return {
    ...role,
    attached: byKey(role.attached, ({ arn }) => arn),
    inline: byKey(role.inline, ({ name }) => name),
    profiles: role.profiles.observed ? seen(role.profiles.value.toSorted()) : role.profiles,
  };
}

function viewRole(detail: RoleDetail, versions: Versions): Role {
  const { partition = "", account = "" } = parseArn(detail.Arn) ?? {};
  const boundary = detail.PermissionsBoundary?.PermissionsBoundaryArn;
  return {
    account,
    partition,
    name: detail.RoleName,
    id: detail.RoleId,
    path: detail.Path,
    arn: detail.Arn,
    trust: detail.AssumeRolePolicyDocument,
    attached: detail.AttachedManagedPolicies.map(({ PolicyArn }) => viewPolicy(PolicyArn, versions)),
    inline: detail.RolePolicyList.map(({ PolicyName, PolicyDocument }) => ({
      name: PolicyName,
      text: PolicyDocument,
    })),
    // IAM omits the boundary of a role that has none, and lists tags and profiles even if they are empty.
    boundary: seen(boundary === undefined ? null : viewPolicy(boundary, versions)),
    tags: detail.Tags
      ? seen(Object.fromEntries(detail.Tags.map(({ Key, Value }) => [Key, Value])))
      : unseen("The snapshot does not contain the role's tags."),
    description: unseen("A snapshot does not contain descriptions; GetRole returns them."),
    maxSession: unseen("A snapshot does not contain the maximum session duration; GetRole returns it."),
    profiles: detail.InstanceProfileList
      ? seen(detail.InstanceProfileList.map(({ InstanceProfileName }) => InstanceProfileName))
      : unseen("The snapshot does not contain the role's instance profiles."),
  };
}

function viewPolicy(arn: string, versions: Versions): AttachedPolicy {
  const version = versions.get(arn);
  if (typeof version === "object") return { arn, version: seen(version) };
  const why =
    version === "ambiguous"
      ? `The snapshot contains ${arn} twice with different documents.`
      : `The snapshot does not contain the document of ${arn}.`;
  return { arn, version: unseen(why) };
}

function defaultVersion(policy: PolicyDetail): PolicyVersion | undefined {
  const version = policy.PolicyVersionList.find(({ VersionId }) => VersionId === policy.DefaultVersionId);
  return typeof version?.Document === "string"
    ? { id: version.VersionId, text: version.Document }
    : undefined;
}

function createReader(
  copies: Copies,
  { account, cut, source }: { readonly account: string; readonly cut: boolean; readonly source: string },
): RoleReader {
  const roles = [...copies.values()].flat();
  const namesOf = (found: readonly Role[]) => [...new Set(found.map(({ name }) => name))];
  const read = (name: string): RoleReading => {
    const [role, ...others] = copies.get(name.toLowerCase()) ?? [];
    if (role && others.length === 0) return { status: "present", role };
    if (role) {
      throw new RoleUnreadableError(
        `${source} contains the role ${name} ${others.length + 1} times with different content, so its state is unknown. Create the file again in one run.`,
      );
    }
    // A role that a cut list omits may exist.
    if (cut) {
      throw new RoleUnreadableError(
        `${source} is cut and does not contain the role ${name}; the role may still exist. Create the file again without --max-items.`,
      );
    }
    return { status: "absent", account, name };
  };
  return {
    read: async (name) => read(name),
    async *readMany(names) {
      for (const name of names) yield read(name);
    },
    async *names() {
      yield* namesOf(roles);
    },
    async rolesBehind(subject) {
      switch (subject.kind) {
        case "role":
          return [subject.name];
        case "policy":
          return namesOf(roles.filter((role) => hasPolicy(role, subject.arn)));
        case "profile":
          return namesOf(roles.filter((role) => isInProfile(role, subject.name)));
        // A snapshot contains IAM only.
        case "compute-environment":
        case "job-definition":
          return [];
      }
    },
  };
}

function hasPolicy(role: Role, arn: string): boolean {
  const bounds = role.boundary.observed && role.boundary.value?.arn === arn;
  return bounds || role.attached.some((policy) => policy.arn === arn);
}

function isInProfile(role: Role, profile: string): boolean {
  return role.profiles.observed && role.profiles.value.some((name) => sameRoleName(name, profile));
}
