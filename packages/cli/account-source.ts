import { readFile } from "node:fs/promises";
import { formatCause } from "@drift-guard/core/errors";
import type { AttachedPolicy } from "@drift-guard/core/model/role";
import type { RoleReader } from "@drift-guard/core/ports";
import { readSnapshot } from "@drift-guard/embedded/snapshot";

/** An account whose roles can be read. */
export interface AccountSource {
  readonly account: string;
  readonly partition: string;
  /** In words, for whoever reads the result. */
  readonly from: string;
  readonly reader: RoleReader;
  /** A managed policy with its default version; throws `RoleUnreadableError`. */
  readPolicy(arn: string): Promise<AttachedPolicy>;
}

/** The account cannot be read at all: no file, no credentials, no answer. */
export class AccountUnreadableError extends Error {
  override readonly name = "AccountUnreadableError";
}

/** The account of a file with the output of `aws iam get-account-authorization-details`. */
export async function openSnapshot(file: string): Promise<AccountSource> {
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new AccountUnreadableError(`The account file ${file} cannot be read: ${formatCause(cause)}`, {
      cause,
    });
  });
  const { account, partition, reader, policy } = readSnapshot(text, file);
  return { account, partition, from: file, reader, readPolicy: async (arn) => policy(arn) };
}

/** The live account of the SDK's usual credentials, at AWS_ENDPOINT_URL where that is set. */
export async function openLiveAccount(): Promise<AccountSource> {
  const { account, partition, region, from } = await identifyLiveAccount();
  // Loaded here, since a check of a file needs none of it.
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
    reader: createRoleReader(client, { account, partition }),
    readPolicy: createPolicyReader(client).read,
  };
}

/** Which account the SDK's usual credentials are of. */
export interface LiveAccount {
  readonly account: string;
  readonly partition: string;
  /** IAM answers in one region of a partition and signs for it; any region of the partition will do. */
  readonly region: string;
  /** In words, for whoever reads the result. */
  readonly from: string;
}

/** Asks STS whose credentials there are. Throws `AccountUnreadableError`. */
export async function identifyLiveAccount(): Promise<LiveAccount> {
  const [{ GetCallerIdentityCommand, STSClient }, { errorCodeOf, formatFailure }] = await Promise.all([
    import("@aws-sdk/client-sts"),
    import("@drift-guard/aws/failure"),
  ]);
  const sts = new STSClient();
  const region = await sts.config.region().catch(() => process.env.AWS_DEFAULT_REGION ?? "us-east-1");
  const identity = await new STSClient({ region })
    .send(new GetCallerIdentityCommand())
    .catch((cause: unknown) => {
      const why =
        errorCodeOf(cause) === undefined ? formatCause(cause) : formatFailure(cause, "sts:GetCallerIdentity");
      throw new AccountUnreadableError(`The live account cannot be read: ${why}\n${formatAdvice(cause)}`, {
        cause,
      });
    });
  if (identity.Account === undefined) {
    throw new AccountUnreadableError(
      "The live account cannot be read: sts:GetCallerIdentity named no account.",
    );
  }
  const [, partition = "aws"] = /^arn:([\w-]+):/.exec(identity.Arn ?? "") ?? [];
  return { account: identity.Account, partition, region, from: process.env.AWS_ENDPOINT_URL ?? "AWS" };
}

function formatAdvice(cause: unknown): string {
  const endpoint = process.env.AWS_ENDPOINT_URL;
  const unheard = cause instanceof Error && "code" in cause && /^E[A-Z]+$/.test(String(cause.code));
  if (unheard && endpoint !== undefined) return `Is somebody serving at AWS_ENDPOINT_URL, ${endpoint}?`;
  if (unheard) return "Is there a way to AWS from here?";
  return "Set credentials as for the AWS CLI (AWS_PROFILE, aws sso login), or check a file with --account FILE.";
}
