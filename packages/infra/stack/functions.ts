/// <reference path="../../../.sst/platform/config.d.ts" />
import { join } from "node:path";
import { type LambdaName, lambdas } from "../bundles.ts";
import type { Permission } from "./permissions.ts";

/**
 * What a function has that compares policies: Lambda gives processor time by memory, and at 256 MB a document that was
 * made to be hard takes seconds.
 */
export const comparingMemory = "1024 MB";

/** What sets one Lambda of the stack apart from the others. */
export interface LambdaSettings {
  readonly description: string;
  readonly timeoutSeconds: number;
  readonly memory?: `${number} MB`;
  readonly environment: Record<string, $util.Input<string>>;
  readonly permissions: Permission[];
  /** Where an asynchronous call goes that failed to the last. */
  readonly onFailure?: sst.aws.Queue;
}

/** A Lambda from its bundle, with its own log group and a role that holds what the settings say and nothing else. */
export function createLambda(name: LambdaName, settings: LambdaSettings): sst.aws.Function {
  const logs = new aws.cloudwatch.LogGroup(`${name}Logs`, {
    name: `/${$app.name}/${$app.stage}/${name}`,
    retentionInDays: 90,
  });
  const { onFailure } = settings;
  return new sst.aws.Function(name, {
    handler: "index.handler",
    bundle: join($cli.paths.root, ".build/functions", lambdas[name]),
    description: settings.description,
    runtime: "nodejs24.x",
    architecture: "arm64",
    memory: settings.memory ?? "256 MB",
    timeout: `${settings.timeoutSeconds} seconds`,
    // `sst dev` would put a bridge to somebody's machine in the guard's place.
    dev: false,
    logging: { format: "json", logGroup: logs.name },
    environment: { POWERTOOLS_METRICS_NAMESPACE: $app.name, ...settings.environment },
    permissions: [
      ...settings.permissions,
      { actions: ["logs:CreateLogStream", "logs:PutLogEvents"], resources: [$interpolate`${logs.arn}:*`] },
    ],
    ...(onFailure && { retries: 2 }),
    transform: {
      role: {
        // SST 4.17 lets the whole account assume a function's role, which would make anybody the guard.
        assumeRolePolicy: aws.iam.assumeRolePolicyForPrincipal({ Service: "lambda.amazonaws.com" }),
        // And it attaches a policy for every log group there is.
        managedPolicyArns: [],
      },
      eventInvokeConfig: onFailure
        ? { destinationConfig: { onFailure: { destination: onFailure.arn } } }
        : {},
    },
  });
}
