import { CreateRoleCommand, EntityAlreadyExistsException, IAMClient } from "@aws-sdk/client-iam";
import { GetFunctionConfigurationCommand, InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import { newAnswerId, signAnswer } from "@drift-guard/aws/sts/signer";
import type { Answer } from "@drift-guard/core/respond/answer";
import { SignedAnswer } from "@drift-guard/core/respond/signature";
import { clientSettings } from "@drift-guard/local/client";
import * as z from "zod";
import { type Run, runProcess, writeTemporary } from "../cli/process.ts";
import { type GuardedAccount, keyOf } from "./account.ts";

type Distribute<T> = T extends Answer ? Omit<T, "deployment" | "id"> : never;
/** An answer without what is the same for every one. */
type GivenAnswer = Distribute<Answer>;

/** A person with a session of a role of their own. */
export interface Person {
  readonly iam: IAMClient;
  /** Signs an answer, invokes respond with it, and returns what became of it. Throws if the function fails. */
  answer(given: GivenAnswer): Promise<{ readonly status: string; readonly reason?: string }>;
  /** Runs `drift-guard` in a process of its own, with the person's credentials, about the deployed guard. */
  run(...args: readonly string[]): Promise<Run>;
}

const trust = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: { AWS: keyOf("").account }, Action: "sts:AssumeRole" }],
});

/** Opens a session of a role, which it creates if there is none. The session is named after the role. */
export async function becomePerson({ local, iam, config }: GuardedAccount, role: string): Promise<Person> {
  const settings = clientSettings(local.endpoint);
  await iam
    .send(new CreateRoleCommand({ RoleName: role, AssumeRolePolicyDocument: trust }))
    .catch((error: unknown) => {
      if (!(error instanceof EntityAlreadyExistsException)) throw error;
    });
  const { Credentials: keys } = await new STSClient(settings).send(
    new AssumeRoleCommand({
      RoleArn: `arn:aws:iam::${keyOf("").account}:role/${role}`,
      RoleSessionName: role,
    }),
  );
  const credentials = {
    accessKeyId: keys?.AccessKeyId ?? "",
    secretAccessKey: keys?.SecretAccessKey ?? "",
    sessionToken: keys?.SessionToken ?? "",
  };
  const lambda = new LambdaClient({ ...settings, credentials });
  const FunctionName = local.deployment.functions.get("Responder");
  return {
    iam: new IAMClient({ ...settings, credentials }),
    run: async (...args) => {
      const file = await writeTemporary("drift-guard.config.json", JSON.stringify(config));
      return runProcess([...args, "--stage", "local", "--config", file], {
        env: {
          AWS_ENDPOINT_URL: local.endpoint,
          AWS_REGION: settings.region,
          AWS_ACCESS_KEY_ID: credentials.accessKeyId,
          AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
          AWS_SESSION_TOKEN: credentials.sessionToken,
        },
      });
    },
    answer: async (given) => {
      const { FunctionArn: deployment = "" } = await lambda.send(
        new GetFunctionConfigurationCommand({ FunctionName }),
      );
      const place = { region: settings.region, partition: "aws" };
      const signed = await signAnswer(
        { ...given, deployment, id: newAnswerId() },
        credentials,
        place,
        new Date(),
      );
      const { FunctionError, Payload } = await lambda.send(
        new InvokeCommand({ FunctionName, Payload: JSON.stringify(z.encode(SignedAnswer, signed)) }),
      );
      const text = Buffer.from(Payload ?? []).toString();
      if (FunctionError) throw new Error(`respond failed: ${text}`);
      return Outcome.parse(JSON.parse(text));
    },
  };
}

const Outcome = z.looseObject({ status: z.string(), reason: z.string().exactOptional() });
