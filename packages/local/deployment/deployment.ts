import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CloudFormationClient } from "@aws-sdk/client-cloudformation";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { IAMClient } from "@aws-sdk/client-iam";
import {
  GetFunctionConfigurationCommand,
  LambdaClient,
  PutFunctionConcurrencyCommand,
  UpdateFunctionConfigurationCommand,
} from "@aws-sdk/client-lambda";
import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import { zipFolder } from "@drift-guard/infra/archive";
import type { Template } from "@drift-guard/infra/template/template";
import * as z from "zod";
import { clientSettings } from "../client.ts";
import type { Emulators } from "../emulators/emulators.ts";
import type { Recorder } from "../recorder/recorder.ts";
import { copyRole } from "./role-copy.ts";
import { createStack, DeploymentError, type Stack } from "./stack.ts";
import { applyTableSettings } from "./table-settings.ts";
import { liftIntrinsics, listResources, omitUnknownAlarms } from "./template.ts";

/** A deployed template. */
export interface Deployment extends Stack {
  /** The functions' names, by logical id. */
  readonly functions: ReadonlyMap<string, string>;
}

/**
 * Deploys a template into the local account. Creates it as a CloudFormation stack, then sets by API the properties that
 * the emulator's CloudFormation ignores, and gives each function a session of its role, as Lambda does.
 *
 * `bundles` holds the folder of each function's code by the `Code.S3Key` of the template. Throws `DeploymentError`.
 */
export async function deployTemplate(
  local: { readonly emulators: Emulators; readonly recorder: Recorder },
  options: {
    readonly name: string;
    readonly template: Template;
    readonly bundles: Readonly<Record<string, string>>;
  },
): Promise<Deployment> {
  const { emulators, recorder } = local;
  const settings = clientSettings(emulators.ministack);
  const template = omitUnknownAlarms(options.template);
  await uploadBundles(emulators.ministack, template, options.bundles);

  const tables = listResources(template, "AWS::DynamoDB::Table");
  const lifted = liftIntrinsics(
    template,
    tables.map(([, table]) => table.Properties.ResourcePolicy),
  );
  const templateUrl = await uploadTemplate(emulators.ministack, options.name, lifted.template);
  const stack = await createStack(new CloudFormationClient(settings), options.name, templateUrl);

  const dynamo = new DynamoDBClient(settings);
  for (const [id, table] of tables) {
    const policy = lifted.resolve(table.Properties.ResourcePolicy, stack.outputs);
    await applyTableSettings(dynamo, physicalIdOf(stack, id), {
      ...table.Properties,
      ResourcePolicy: policy,
    });
  }
  // CloudFormation created the roles in ministack's IAM; the account's IAM is moto's.
  const iam = { from: new IAMClient(settings), to: new IAMClient(clientSettings(emulators.moto)) };
  for (const [id] of listResources(template, "AWS::IAM::Role")) await copyRole(iam, physicalIdOf(stack, id));

  const functions = new Map<string, string>();
  const lambda = new LambdaClient(settings);
  for (const [id, { Properties }] of listResources(template, "AWS::Lambda::Function")) {
    const name = physicalIdOf(stack, id);
    functions.set(id, name);
    const reserved = Properties.ReservedConcurrentExecutions;
    if (typeof reserved === "number") {
      await lambda.send(
        new PutFunctionConcurrencyCommand({ FunctionName: name, ReservedConcurrentExecutions: reserved }),
      );
    }
  }
  await configureFunctions(lambda, [...functions.values()], local);
  await recorder.waitForDelivery();
  return { ...stack, functions };
}

function physicalIdOf(stack: Stack, logicalId: string): string {
  const id = stack.physicalIds.get(logicalId);
  if (id === undefined) throw new DeploymentError(`The stack has no resource ${logicalId}.`);
  return id;
}

const Code = z.object({ S3Bucket: z.string(), S3Key: z.string() });

/** Uploads each bundle to the place in S3 that the template names for the function's code. */
async function uploadBundles(
  ministack: string,
  template: Template,
  bundles: Readonly<Record<string, string>>,
): Promise<void> {
  const functions = listResources(template, "AWS::Lambda::Function").map(([id, { Properties }]) => {
    const code = Code.safeParse(Properties.Code);
    if (!code.success)
      throw new DeploymentError(`The function ${id} has no Code.S3Bucket and Code.S3Key in the template.`);
    return { id, ...code.data };
  });
  for (const bucket of new Set(functions.map(({ S3Bucket }) => S3Bucket))) await putInS3(ministack, bucket);
  for (const { id, S3Bucket, S3Key } of functions) {
    const folder = Object.hasOwn(bundles, S3Key) ? bundles[S3Key] : undefined;
    if (folder === undefined) {
      throw new DeploymentError(
        `No bundle for ${S3Key} of function ${id}. Bundles: ${Object.keys(bundles).join(", ") || "none"}.`,
      );
    }
    const archive = new Uint8Array(await zipFolder(folder));
    await putInS3(ministack, `${S3Bucket}/${encodeURIComponent(S3Key)}`, archive);
  }
}

/** Uploads a template and returns its URL: CloudFormation takes at most 51,200 bytes in a request, and 1 MB from S3. */
async function uploadTemplate(ministack: string, name: string, template: Template): Promise<string> {
  const bucket = "drift-guard-templates";
  const path = `${bucket}/${encodeURIComponent(name)}.json`;
  await putInS3(ministack, bucket);
  await putInS3(ministack, path, new TextEncoder().encode(JSON.stringify(template)));
  return `${ministack}/${path}`;
}

/** Makes a bucket, or an object from `body`. */
async function putInS3(ministack: string, path: string, body?: Uint8Array<ArrayBuffer>): Promise<void> {
  const scope = "local/20200101/us-east-1/s3/aws4_request";
  const response = await fetch(`${ministack}/${path}`, {
    method: "PUT",
    headers: { authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=none` },
    ...(body && { body }),
  });
  if (!response.ok) throw new DeploymentError(`S3 refused ${path}: ${await response.text()}`);
}

/**
 * Gives each function a session of its role, as Lambda does, and sends its calls through the recorder. The session's keys
 * are in a profile, because the emulator overwrites the variables in which Lambda passes them.
 */
async function configureFunctions(
  lambda: LambdaClient,
  names: readonly string[],
  { emulators, recorder }: { readonly emulators: Emulators; readonly recorder: Recorder },
): Promise<void> {
  const sts = new STSClient(clientSettings(recorder.endpoint));
  const credentialsFile = join(emulators.folder, "credentials");
  const profiles: string[] = [];
  const configurations = await Promise.all(
    names.map((FunctionName) => lambda.send(new GetFunctionConfigurationCommand({ FunctionName }))),
  );
  for (const { FunctionName: name = "", Role } of configurations) {
    const { Credentials: keys } = await sts.send(
      new AssumeRoleCommand({ RoleArn: Role, RoleSessionName: name }),
    );
    profiles.push(
      `[${name}]`,
      `aws_access_key_id = ${keys?.AccessKeyId}`,
      `aws_secret_access_key = ${keys?.SecretAccessKey}`,
      `aws_session_token = ${keys?.SessionToken}`,
      "",
    );
  }
  await writeFile(credentialsFile, profiles.join("\n"), { mode: 0o600 });
  await chmod(credentialsFile, 0o600);
  for (const { FunctionName: name = "", Environment } of configurations) {
    const given = Object.entries(Environment?.Variables ?? {}).map(([key, value]) => [
      key,
      // A queue's URL names the emulator: with it an SDK would bypass the recorder.
      value.replace(emulators.ministack, recorder.endpoint),
    ]);
    const Variables = {
      ...Object.fromEntries(given),
      AWS_ENDPOINT_URL: recorder.endpoint,
      AWS_PROFILE: name,
      AWS_SHARED_CREDENTIALS_FILE: credentialsFile,
    };
    await lambda.send(
      new UpdateFunctionConfigurationCommand({ FunctionName: name, Environment: { Variables } }),
    );
  }
}
