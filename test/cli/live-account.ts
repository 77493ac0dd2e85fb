import { type Answer, type Call, startResponder, xml } from "../aws/responder.ts";
import { account } from "../builders.ts";
import { type Run, runCli } from "./process.ts";

/** A run in a live account, with the calls that the account received, in order. */
export interface LiveRun extends Run {
  readonly calls: readonly string[];
}

/** Runs `drift-guard` with the credentials of a live account, which answers each call with `answer`. */
export async function runLive(
  args: readonly string[],
  answer: (call: Call) => Answer,
  env: Readonly<Record<string, string>> = {},
): Promise<LiveRun> {
  const server = await startResponder(answer);
  try {
    const run = await runCli(args, {
      env: {
        AWS_ENDPOINT_URL: server.endpoint,
        AWS_ACCESS_KEY_ID: "x",
        AWS_SECRET_ACCESS_KEY: "x",
        AWS_REGION: "us-east-1",
        AWS_MAX_ATTEMPTS: "1",
        ...env,
      },
    });
    return { ...run, calls: server.calls };
  } finally {
    await server.close();
  }
}

/** Returns the answer of sts:GetCallerIdentity to a user of the account. */
export function identifyCaller({ action }: Pick<Call, "action">, partition = "aws"): Answer {
  return xml(action, `<Account>${account}</Account><Arn>arn:${partition}:iam::${account}:user/ada</Arn>`);
}
