import type { Readable } from "node:stream";
import { formatCause } from "@drift-guard/core/errors";
import { parseArn } from "@drift-guard/core/model/arn";
import type { AttachedPolicy } from "@drift-guard/core/model/role";
import type { RoleReader } from "@drift-guard/core/ports";
import { readSnapshot, readSnapshots, type Snapshot, snapshotAdvice } from "@drift-guard/embedded/snapshot";
import { formatFileFailure } from "./file-failure.ts";
import { readText } from "./text-input.ts";

/** An account whose roles can be read: live, or from a snapshot file. */
export interface AccountSource {
  readonly account: string;
  readonly partition: string;
  /** The snapshot file, the endpoint, or `AWS`; printed with the result. */
  readonly from: string;
  /** What to do if the source does not contain a policy; undefined for a live account. */
  readonly advice?: string;
  readonly reader: RoleReader;
  /** Set for a live account. */
  readonly live?: LiveAccount;
  /** Reads a managed policy with its default version. Throws `RoleUnreadableError`. */
  readPolicy(arn: string): Promise<AttachedPolicy>;
}

/** The account cannot be read at all: the file, the credentials or an answer is missing. The message says what to do. */
export class AccountUnreadableError extends Error {
  override readonly name = "AccountUnreadableError";
}

/**
 * Opens a snapshot of one account: a file with the output of `aws iam get-account-authorization-details`, or `input`
 * (standard input) for `-`. Throws `AccountUnreadableError` if it cannot be read, and `MessageUnreadableError` if it holds
 * anything else, no role, or roles of several accounts. Each message names the file and says what to do.
 */
export async function openSnapshot(file: string, input: Readable): Promise<AccountSource> {
  return toSource(readSnapshot(await readSnapshotText(file, input), nameOf(file)), file);
}

/** Like `openSnapshot`, for a file that may hold roles of several accounts. Returns a source for each account. */
export async function openSnapshots(file: string, input: Readable): Promise<readonly AccountSource[]> {
  const snapshots = readSnapshots(await readSnapshotText(file, input), nameOf(file));
  return snapshots.map((snapshot) => toSource(snapshot, file));
}

function toSource({ account, partition, reader, policy }: Snapshot, file: string): AccountSource {
  return {
    account,
    partition,
    from: nameOf(file),
    advice: snapshotAdvice,
    reader,
    readPolicy: async (arn) => policy(arn),
  };
}

async function readSnapshotText(file: string, input: Readable): Promise<string> {
  return readText(file, input).catch((cause: unknown) => {
    throw new AccountUnreadableError(formatFileFailure(nameOf(file), cause), { cause });
  });
}

function nameOf(file: string): string {
  return file === "-" ? "standard input" : file;
}

/** What a person can do where a command has no credentials and can also read a file. */
export const readFileInstead = "read a file with --account FILE";

/**
 * Opens the live account of the AWS SDK's credentials, at AWS_ENDPOINT_URL if set. `onPage` is called with the number of roles
 * so far when roles are read by account pages; `alternative` is what a person can do without credentials. Throws
 * `AccountUnreadableError`.
 */
export async function openLiveAccount({
  onPage,
  alternative,
}: {
  readonly onPage?: ((roles: number) => void) | undefined;
  readonly alternative?: string;
} = {}): Promise<AccountSource> {
  const live = await identifyLiveAccount(alternative);
  const { account, partition, region, from } = live;
  // Loaded here, because a check of a file needs no SDK.
  const [{ IAMClient }, { createRoleReader }, { createPolicyReader }] = await Promise.all([
    import("@aws-sdk/client-iam"),
    import("@drift-guard/aws/iam/reader"),
    import("@drift-guard/aws/iam/policies"),
  ]);
  const client = new IAMClient({ region });
  return {
    account,
    partition,
    from,
    live,
    reader: createRoleReader(client, { account, partition }, onPage),
    readPolicy: createPolicyReader(client).read,
  };
}

/** The account that the AWS SDK's credentials belong to. */
export interface LiveAccount {
  readonly account: string;
  readonly partition: string;
  /** A region of the partition; any will do for IAM, which has one endpoint per partition. */
  readonly region: string;
  /** The snapshot file, the endpoint, or `AWS`; printed with the result. */
  readonly from: string;
}

/** What to do without credentials of AWS where the stage is that of the emulated account; undefined for another stage. */
export function adviseOnStage(stage: string | undefined): string | undefined {
  return stage === "local" ? "for the stage local, run the exports that drift-guard local prints" : undefined;
}

/**
 * Asks STS which account the credentials belong to. Throws `AccountUnreadableError` with advice; `alternative` is what a
 * command can do without credentials.
 */
export async function identifyLiveAccount(alternative?: string): Promise<LiveAccount> {
  const [{ GetCallerIdentityCommand, STSClient }, { errorCodeOf, formatFailure, isUnparsed }] =
    await Promise.all([import("@aws-sdk/client-sts"), import("@drift-guard/aws/failure")]);
  const sts = new STSClient();
  const region = await sts.config.region().catch(() => process.env.AWS_DEFAULT_REGION ?? "us-east-1");
  const identity = await new STSClient({ region })
    .send(new GetCallerIdentityCommand())
    .catch((cause: unknown) => {
      const isAnswer = errorCodeOf(cause) !== undefined || isUnparsed(cause);
      const why = isAnswer ? formatFailure(cause, "sts:GetCallerIdentity") : formatCause(cause);
      throw new AccountUnreadableError(
        `The live account cannot be read: ${why.replace(/\.?$/, ".")}\n${formatAdvice(cause, alternative)}`,
        {
          cause,
        },
      );
    });
  if (identity.Account === undefined) {
    throw new AccountUnreadableError(
      "The live account cannot be read: sts:GetCallerIdentity returned no account.",
    );
  }
  const { partition = "aws" } = parseArn(identity.Arn ?? "") ?? {};
  return { account: identity.Account, partition, region, from: process.env.AWS_ENDPOINT_URL ?? "AWS" };
}

/** The endpoint of EC2 that the environment names, as the AWS SDK reads it; undefined for AWS's own. */
export function ec2Endpoint(): string | undefined {
  return process.env.AWS_ENDPOINT_URL_EC2 ?? process.env.AWS_ENDPOINT_URL;
}

/** The endpoint of EventBridge Scheduler that the environment names, as the AWS SDK reads it; undefined for AWS's own. */
export function schedulerEndpoint(): string | undefined {
  return process.env.AWS_ENDPOINT_URL_SCHEDULER ?? process.env.AWS_ENDPOINT_URL;
}

function formatAdvice(cause: unknown, alternative: string | undefined): string {
  const endpoint = process.env.AWS_ENDPOINT_URL;
  const isUnreachable = cause instanceof Error && "code" in cause && /^E[A-Z]+$/.test(String(cause.code));
  if (isUnreachable && endpoint !== undefined)
    return `Check that a server runs at AWS_ENDPOINT_URL, ${endpoint}.`;
  if (isUnreachable) return "Check the network connection to AWS.";
  const otherwise = alternative === undefined ? "" : `, or ${alternative}`;
  return `Set credentials as for the AWS CLI (AWS_PROFILE, aws sso login)${otherwise}.`;
}
