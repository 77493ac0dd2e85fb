import { MessageUnreadableError, RoleUnreadableError } from "@drift-guard/core/errors";
import { formatIssues, formatJsonFault, isMissing } from "@drift-guard/core/issues";
import { parseArn, parseIamArn } from "@drift-guard/core/model/arn";
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
import * as z from "zod";

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

// The AWS CLI prints documents as objects, the API returns them percent-encoded, and other tools write JSON text.
const document = z.union([z.string(), z.record(z.string(), z.unknown())]).transform(toDocumentText);

const command = "aws iam get-account-authorization-details";

/** What to do about a policy that a snapshot does not contain. */
export const snapshotAdvice =
  "Create the file without --filter, or with --filter Role LocalManagedPolicy AWSManagedPolicy.";

const Attached = z.object({ PolicyArn: z.string() });
const RoleDetail = z.object({
  RoleName: z.string(),
  RoleId: z.string(),
  Arn: z.string().refine(isRoleArn, "must be the ARN of a role"),
  Path: z.string(),
  AssumeRolePolicyDocument: document,
  RolePolicyList: z.array(z.object({ PolicyName: z.string(), PolicyDocument: document })).default([]),
  AttachedManagedPolicies: z.array(Attached).default([]),
  InstanceProfileList: z.array(z.object({ InstanceProfileName: z.string() })).optional(),
  PermissionsBoundary: z.object({ PermissionsBoundaryArn: z.string() }).optional(),
  Tags: z.array(z.object({ Key: z.string(), Value: z.string() })).optional(),
});
type RoleDetail = z.infer<typeof RoleDetail>;

const PolicyDetail = z.object({
  Arn: z.string(),
  DefaultVersionId: z.string(),
  PolicyVersionList: z.array(z.object({ VersionId: z.string(), Document: document.optional() })).default([]),
});

const AccountDetails = z.object({
  RoleDetailList: z.array(RoleDetail),
  Policies: z.array(PolicyDetail).default([]),
  IsTruncated: z.boolean().default(false),
  // The AWS CLI adds this member to a list that --max-items cut.
  NextToken: z.string().nullish(),
});

/**
 * Parses the output of `aws iam get-account-authorization-details`; `source` names it in errors, such as a file's path.
 * Parts of a role that this output does not contain are unobserved. Throws `MessageUnreadableError`, which names the place
 * in the document and says what to do; so does an output without any role, whose account is unknown.
 */
export function readSnapshot(text: string, source: string): Snapshot {
  const details = parseDetails(text, source);
  const versions = new Map(details.Policies.map((policy) => [policy.Arn, defaultVersion(policy)]));
  const roles = details.RoleDetailList.map((detail) => viewRole(detail, versions));
  const [first] = roles;
  if (!first) {
    throw new MessageUnreadableError(
      `${source} contains no role, so its account is unknown. ${snapshotAdvice}`,
    );
  }
  const { account, partition } = first;
  const cut = details.IsTruncated || typeof details.NextToken === "string";
  return {
    account,
    partition,
    roles: roles.map(({ name }) => name),
    reader: createReader(roles, { account, cut, source }),
    policy: (arn) => viewPolicy(arn, versions),
  };
}

function parseDetails(text: string, source: string): z.infer<typeof AccountDetails> {
  let json: unknown;
  try {
    json = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (error) {
    throw new MessageUnreadableError(
      `${source} is not JSON (${formatJsonFault(text)}). Expected the output of: ${command}`,
      { cause: error },
    );
  }
  const details = AccountDetails.safeParse(json);
  if (details.success) return details.data;
  const { error: cause } = details;
  if (!Array.isArray(json) && isMissing(["RoleDetailList"], json)) {
    throw new MessageUnreadableError(
      `${source}: RoleDetailList is missing. Create the file with: ${command} > account.json`,
      { cause },
    );
  }
  throw new MessageUnreadableError(
    `${source} is not the output of: ${command}\n${formatIssues(cause, json)}\nCreate the file again.`,
    { cause },
  );
}

type Versions = ReadonlyMap<string, PolicyVersion | undefined>;

function isRoleArn(text: string): boolean {
  const arn = parseIamArn(text);
  return arn?.type === "role" && arn.account !== "aws";
}

function viewRole(detail: RoleDetail, versions: Versions): Role {
  // Merged or anonymised files contain roles of several accounts, so each role's account comes from its ARN.
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
  const why = `The snapshot does not contain the document of ${arn}.`;
  return { arn, version: version ? seen(version) : unseen(why) };
}

function defaultVersion(policy: z.infer<typeof PolicyDetail>): PolicyVersion | undefined {
  const version = policy.PolicyVersionList.find(({ VersionId }) => VersionId === policy.DefaultVersionId);
  return version?.Document === undefined ? undefined : { id: version.VersionId, text: version.Document };
}

function createReader(
  roles: readonly Role[],
  { account, cut, source }: { readonly account: string; readonly cut: boolean; readonly source: string },
): RoleReader {
  // The first role of a name counts.
  const byName = new Map(roles.toReversed().map((role) => [role.name.toLowerCase(), role]));
  const read = (name: string): RoleReading => {
    const role = byName.get(name.toLowerCase());
    if (role) return { status: "present", role };
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
      for (const { name } of roles) yield name;
    },
    async rolesBehind(subject) {
      switch (subject.kind) {
        case "role":
          return [subject.name];
        case "policy":
          return roles.filter((role) => hasPolicy(role, subject.arn)).map(({ name }) => name);
        case "profile":
          return roles.filter((role) => isInProfile(role, subject.name)).map(({ name }) => name);
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

function toDocumentText(value: string | Readonly<Record<string, unknown>>): string {
  if (typeof value !== "string") return JSON.stringify(value);
  if (!/^\s*%7b/i.test(value)) return value;
  try {
    return decodeURIComponent(value.trim());
  } catch {
    // The comparison reports a document that it cannot parse.
    return value;
  }
}
