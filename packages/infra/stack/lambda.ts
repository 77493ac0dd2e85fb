/// <reference path="../../../.sst/platform/config.d.ts" />
import { join } from "node:path";
import type { FunctionEnvironment, FunctionName } from "@drift-guard/core/config/environment";
import { type LambdaName, lambdas } from "../bundles.ts";
import { functionArn, type GuardLocation } from "./location.ts";
import { metricsNamespace, nameIn, replaceable, settingBoth } from "./names.ts";
import type { Permission } from "./permissions.ts";

/**
 * Memory of a function that compares policies. Lambda allots processor time by memory: with 256 MB, a document that an
 * attacker made hard to compare takes seconds.
 */
export const comparingMemory = "1024 MB";

/** The environment variables that a Lambda's function reads; one that is `undefined` is not set. */
type LambdaEnvironment<Name extends LambdaName> = {
  readonly [Variable in keyof FunctionEnvironment<(typeof lambdas)[Name]>]:
    | $util.Input<string>
    | Extract<FunctionEnvironment<(typeof lambdas)[Name]>[Variable], undefined>;
};

/** The settings in which one Lambda differs from the others. */
export interface LambdaSettings<Name extends LambdaName> {
  readonly description: string;
  readonly timeoutSeconds: number;
  /** 256 MB where left out. */
  readonly memory?: `${number} MB`;
  readonly environment: LambdaEnvironment<Name>;
  /** The calls of the function's code. The role allows them from this function alone. */
  readonly permissions: Permission[];
  /** Further policies of the function's role. */
  readonly policies?: readonly aws.iam.Policy[];
  /**
   * The calls that Lambda makes with the function's role besides writing its log: it polls queues and streams, and keeps
   * what failed. They do not name the function (docs/aws-facts.md, "DynamoDB, SQS and Lambda").
   */
  readonly lambdaCalls: Permission[];
  /** Takes the event of an asynchronous invocation that failed three times. */
  readonly onFailure?: sst.aws.Queue;
}

/** Creates a Lambda from its bundle, with a log group of its own and a role that allows only the given permissions. */
export function createLambda<Name extends LambdaName>(
  name: Name,
  location: GuardLocation,
  settings: LambdaSettings<NoInfer<Name>>,
): sst.aws.Function {
  const purpose = lambdas[name];
  const logs = new aws.cloudwatch.LogGroup(
    `${name}Logs`,
    { name: `/aws/lambda/${nameIn("function", purpose)}`, retentionInDays: 90 },
    replaceable,
  );
  const { onFailure } = settings;
  return new sst.aws.Function(name, {
    handler: "index.handler",
    bundle: join($cli.paths.root, ".build/functions", purpose),
    description: settings.description,
    runtime: "nodejs24.x",
    architecture: "arm64",
    memory: settings.memory ?? "256 MB",
    timeout: `${settings.timeoutSeconds} seconds`,
    // `sst dev` would replace the function by a bridge to a developer's machine.
    dev: false,
    logging: { format: "json", logGroup: logs.name },
    environment: { POWERTOOLS_METRICS_NAMESPACE: metricsNamespace, ...omitUndefined(settings.environment) },
    permissions: [
      ...settings.permissions.map((permission) => bindToFunction(permission, location, purpose)),
      ...settings.lambdaCalls,
      { actions: ["logs:CreateLogStream", "logs:PutLogEvents"], resources: [$interpolate`${logs.arn}:*`] },
    ],
    ...(onFailure && { retries: 2 }),
    transform: {
      function: settingBoth<aws.lambda.FunctionArgs>({ name: nameIn("function", purpose) }, replaceable),
      role: settingBoth<aws.iam.RoleArgs>(
        {
          name: nameIn("role", purpose),
          // SST 4.17 lets every principal of the account assume a function's role, and so act as the guard
          // (docs/aws-facts.md, "DynamoDB, SQS and Lambda").
          assumeRolePolicy: aws.iam.assumeRolePolicyForPrincipal({ Service: "lambda.amazonaws.com" }),
          // SST attaches a policy that allows writing to every log group.
          managedPolicyArns: settings.policies?.map(({ arn }) => arn) ?? [],
        },
        replaceable,
      ),
      eventInvokeConfig: onFailure
        ? { destinationConfig: { onFailure: { destination: onFailure.arn } } }
        : {},
    },
  });
}

/** Has a permission hold for calls from the function's own code only: stolen credentials of it are of no use elsewhere. */
function bindToFunction(
  permission: Permission,
  location: GuardLocation,
  name: FunctionName,
): sst.aws.FunctionPermissionArgs {
  const condition = {
    test: "ArnEquals",
    variable: "lambda:SourceFunctionArn",
    values: [functionArn(location, name)],
  };
  return { ...permission, conditions: [...(permission.conditions ?? []), condition] };
}

function omitUndefined(variables: {
  readonly [name: string]: $util.Input<string> | undefined;
}): Record<string, $util.Input<string>> {
  const kept: Record<string, $util.Input<string>> = {};
  for (const [name, value] of Object.entries(variables)) if (value !== undefined) kept[name] = value;
  return kept;
}
