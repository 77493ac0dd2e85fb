import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import {
  AddRoleToInstanceProfileCommand,
  AttachRolePolicyCommand,
  CreateAccessKeyCommand,
  CreateInstanceProfileCommand,
  CreatePolicyCommand,
  CreateRoleCommand,
  CreateServiceLinkedRoleCommand,
  CreateUserCommand,
  IAMClient,
  PutRolePolicyCommand,
} from "@aws-sdk/client-iam";
import { EnableSecurityHubCommand, SecurityHubClient } from "@aws-sdk/client-securityhub";
import { createControlStore } from "@drift-guard/aws/dynamodb/control";
import { createReportStore } from "@drift-guard/aws/dynamodb/reports";
import { createRoleReader } from "@drift-guard/aws/iam/reader";
import type { Config } from "@drift-guard/core/config/config";
import { listWatchedRoles, type WatchedRole } from "@drift-guard/core/config/watched-role";
import { evaluate, profileOf } from "@drift-guard/core/evaluate/evaluate";
import type { VendorChange } from "@drift-guard/core/model/evidence";
import { instantOf } from "@drift-guard/core/model/instant";
import { isOwnedByAws } from "@drift-guard/core/model/managed-policy";
import type { RequiredBoundary } from "@drift-guard/core/reference/reference";
import { clientSettings } from "./client.ts";
import { localAccountId } from "./emulators/emulators.ts";

/** Creates every watched role of a configuration in the account at an endpoint, and enables Security Hub. */
export async function seedAccount(endpoint: string, config: Config): Promise<void> {
  const iam = new IAMClient(clientSettings(endpoint));
  for (const watched of listWatchedRoles({ config })) await createRole(iam, watched);
  await new SecurityHubClient(clientSettings(endpoint)).send(new EnableSecurityHubCommand({}));
}

/** An access key of a user of the account. */
export interface AccessKey {
  readonly id: string;
  readonly secret: string;
}

/** Creates a user who can answer the guard: not by the name of a key, as the account's root is known, but by a key of AWS's form. */
export async function createPerson(endpoint: string, UserName: string): Promise<AccessKey> {
  const iam = new IAMClient(clientSettings(endpoint));
  await iam.send(new CreateUserCommand({ UserName }));
  const { AccessKey: key } = await iam.send(new CreateAccessKeyCommand({ UserName }));
  return { id: key?.AccessKeyId ?? "", secret: key?.SecretAccessKey ?? "" };
}

// Longer than any session of a role lasts.
const enrolledMs = 24 * 3_600_000;

/** How the guard of the local account begins. */
export interface GuardStart {
  /**
   * Whether it is new, as a deployment in AWS: rollback only observes, and the first sweep makes one report. Without it,
   * rollback acts at once, and people are told of each finding.
   */
  readonly isNew?: boolean;
}

/** Where the guard of the local account keeps its items. */
export interface GuardTables {
  readonly findings: string;
  readonly control: string;
}

/**
 * Stores in the control table that rollback read the watched roles clean a day ago, and, unless the guard is to be new, that
 * it is not. Otherwise it would restore nothing
 * for hours: sessions from before its first read could be alive. Returns the versions of AWS's policies that the roles have
 * and their references do not know. Throws `RoleUnreadableError` and `StoreUnavailableError`.
 */
export async function enrolRoles(
  endpoint: string,
  config: Config,
  tables: GuardTables,
  { isNew = false }: GuardStart = {},
): Promise<readonly VendorChange[]> {
  const settings = clientSettings(endpoint);
  const control = createControlStore(new DynamoDBClient(settings), { table: tables.control });
  const roles = createRoleReader(new IAMClient(settings), { account: localAccountId, partition: "aws" });
  const at = instantOf(new Date(Date.now() - enrolledMs));
  const ended = { at, by: "drift-guard local" };
  await control.saveObserving(localAccountId, { version: 0, since: at, ...(!isNew && { ended }) });
  if (!isNew) {
    const reports = createReportStore(new DynamoDBClient(settings), { table: tables.findings });
    await reports.save(localAccountId, { version: 0 });
  }
  const news: VendorChange[] = [];
  for (const { name, reference, guarded } of listWatchedRoles({ config })) {
    const reading = await roles.read(name);
    if (reading.status === "absent") continue;
    const before = await control.load({ account: localAccountId, name });
    const enrolment = { roleId: reading.role.id, at, cleanAt: at };
    await control.commit({ before, after: { ...before, enrolment } });
    const assessments = evaluate({ reference, guarded, reading });
    news.push(...assessments.filter((each) => each.kind === "vendor-change"));
  }
  return news;
}

async function createRole(iam: IAMClient, watched: WatchedRole): Promise<void> {
  const { reference } = watched;
  if (reference.serviceLinked !== undefined) {
    await iam.send(new CreateServiceLinkedRoleCommand({ AWSServiceName: reference.serviceLinked }));
    return;
  }
  const RoleName = watched.name;
  const { boundary, description, maxSession, tags } = reference;
  await iam.send(
    new CreateRoleCommand({
      RoleName,
      Path: reference.path ?? defaultPath(watched),
      AssumeRolePolicyDocument: reference.trust,
      Description: description,
      MaxSessionDuration: maxSession,
      Tags: Object.entries(tags ?? {}).map(([Key, Value]) => ({ Key, Value })),
      PermissionsBoundary: typeof boundary === "object" ? await createPolicy(iam, boundary) : undefined,
    }),
  );
  for (const attachment of reference.attachments) {
    const PolicyArn = await createPolicy(iam, attachment);
    await iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn }));
  }
  if (reference.floor) {
    const { document } = reference.floor;
    await iam.send(
      new PutRolePolicyCommand({ RoleName, PolicyName: `${RoleName}-floor`, PolicyDocument: document }),
    );
  }
  const InstanceProfileName = profileOf(watched);
  if (InstanceProfileName !== undefined) {
    await iam.send(new CreateInstanceProfileCommand({ InstanceProfileName }));
    await iam.send(new AddRoleToInstanceProfileCommand({ InstanceProfileName, RoleName }));
  }
}

/** Creates a customer-managed policy. Returns its ARN; that of a policy of AWS or without a document as it is. */
async function createPolicy(
  iam: IAMClient,
  { arn, document }: Pick<RequiredBoundary, "arn" | "document">,
): Promise<string | undefined> {
  if (isOwnedByAws(arn) || document === undefined) return arn;
  const [, Path = "/", PolicyName] = /:policy(\/(?:.*\/)?)([^/]+)$/.exec(arn) ?? [];
  const { Policy } = await iam.send(new CreatePolicyCommand({ Path, PolicyName, PolicyDocument: document }));
  return Policy?.Arn;
}

/** Returns the path that AWS's console gives a role, for a role whose reference has none. */
function defaultPath({ name }: WatchedRole): string {
  return name === "AWSBatchServiceRole" ? "/service-role/" : "/";
}
