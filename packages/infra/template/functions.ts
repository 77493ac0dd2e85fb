import * as z from "zod";
import { type LambdaName, lambdas } from "../bundles.ts";
import type { JsonValue } from "../synth/synthesis.ts";
import { nameLogically } from "./names.ts";
import { omitUndefined, TemplateError, type Translate } from "./translation.ts";

/** Name of the S3 bucket that the template takes the code of the functions from. */
export const bundlesBucket = "drift-guard-bundles";

/** Returns the place of a function's code in S3: a zip file named after the file in `functions/`, of the files of its bundle. */
export function locateCode(name: LambdaName): { readonly S3Bucket: string; readonly S3Key: string } {
  return { S3Bucket: bundlesBucket, S3Key: `${lambdas[name]}.zip` };
}

const Lambda = z.strictObject({
  name: z.string(),
  architectures: z.array(z.string()),
  description: z.string(),
  environment: z.strictObject({ variables: z.record(z.string(), z.string()) }),
  ephemeralStorage: z.strictObject({ size: z.number() }),
  handler: z.string(),
  loggingConfig: z.strictObject({ logFormat: z.string(), logGroup: z.string() }),
  memorySize: z.number(),
  packageType: z.literal("Zip"),
  publish: z.literal(false),
  reservedConcurrentExecutions: z.number().optional(),
  role: z.string(),
  runtime: z.string(),
  // Replaced by locateCode.
  s3Bucket: z.string(),
  s3Key: z.string(),
  timeout: z.number(),
});

function isLambdaName(name: string): name is LambdaName {
  return name in lambdas;
}

/** Translates a function. Throws `TemplateError` where the function has no bundle. */
export const translateFunction: Translate = ({ name, inputs }) => {
  const lambda = Lambda.parse(inputs);
  const logical = name.replace(/Function$/, "");
  if (!isLambdaName(logical))
    throw new TemplateError(`The function ${logical} has no bundle in packages/infra/bundles.ts.`);
  return {
    type: "AWS::Lambda::Function",
    verbatim: { FunctionName: lambda.name },
    properties: omitUndefined({
      Architectures: lambda.architectures,
      Code: locateCode(logical),
      Description: lambda.description,
      Environment: { Variables: omitVariablesOfSst(lambda.environment.variables) },
      EphemeralStorage: { Size: lambda.ephemeralStorage.size },
      Handler: lambda.handler,
      LoggingConfig: { LogFormat: lambda.loggingConfig.logFormat, LogGroup: lambda.loggingConfig.logGroup },
      MemorySize: lambda.memorySize,
      PackageType: lambda.packageType,
      ReservedConcurrentExecutions: lambda.reservedConcurrentExecutions,
      Role: lambda.role,
      Runtime: lambda.runtime,
      Timeout: lambda.timeout,
    }),
    output: true,
  };
};

/** Leaves out the variables by which SST's library finds linked resources: the functions do not use it. */
function omitVariablesOfSst(variables: { readonly [name: string]: string }): { [name: string]: string } {
  return Object.fromEntries(Object.entries(variables).filter(([name]) => !name.startsWith("SST_")));
}

const Mapping = z.strictObject({
  batchSize: z.number(),
  bisectBatchOnFunctionError: z.boolean().optional(),
  destinationConfig: z.strictObject({ onFailure: z.strictObject({ destinationArn: z.string() }) }).optional(),
  eventSourceArn: z.string(),
  filterCriteria: z.strictObject({ filters: z.array(z.strictObject({ pattern: z.string() })) }).optional(),
  functionName: z.string(),
  functionResponseTypes: z.array(z.string()).optional(),
  maximumBatchingWindowInSeconds: z.number().optional(),
  maximumRetryAttempts: z.number().optional(),
  scalingConfig: z.strictObject({ maximumConcurrency: z.number() }).optional(),
  startingPosition: z.string().optional(),
});

/** Translates the mapping that feeds a function from a queue or a stream. */
export const translateMapping: Translate = ({ inputs }) => {
  const mapping = Mapping.parse(inputs);
  const { destinationConfig, filterCriteria, scalingConfig } = mapping;
  const filters = filterCriteria?.filters.map(({ pattern }): JsonValue => ({ Pattern: pattern }));
  return {
    type: "AWS::Lambda::EventSourceMapping",
    properties: omitUndefined({
      BatchSize: mapping.batchSize,
      BisectBatchOnFunctionError: mapping.bisectBatchOnFunctionError,
      DestinationConfig: destinationConfig && {
        OnFailure: { Destination: destinationConfig.onFailure.destinationArn },
      },
      EventSourceArn: mapping.eventSourceArn,
      FilterCriteria: filters && { Filters: filters },
      FunctionName: mapping.functionName,
      FunctionResponseTypes: mapping.functionResponseTypes,
      MaximumBatchingWindowInSeconds: mapping.maximumBatchingWindowInSeconds,
      MaximumRetryAttempts: mapping.maximumRetryAttempts,
      ScalingConfig: scalingConfig && { MaximumConcurrency: scalingConfig.maximumConcurrency },
      StartingPosition: mapping.startingPosition,
    }),
  };
};

const InvokeConfig = z.strictObject({
  functionName: z.string(),
  maximumRetryAttempts: z.number(),
  destinationConfig: z.strictObject({ onFailure: z.strictObject({ destination: z.string() }) }),
});

/** Translates the settings of a function's asynchronous invocations. Throws `TemplateError` where there is no function. */
export const translateInvokeConfig: Translate = ({ name, inputs }, all) => {
  const { functionName, maximumRetryAttempts, destinationConfig } = InvokeConfig.parse(inputs);
  const lambda = all.find(
    ({ type, outputs }) => type === "aws:lambda/function:Function" && outputs.name === functionName,
  );
  if (!lambda)
    throw new TemplateError(`${name} refers to the function ${functionName}, which is not in the stack.`);
  return {
    type: "AWS::Lambda::EventInvokeConfig",
    // Queues and rules have the same name, so that it is not resolved as a text.
    verbatim: { FunctionName: { Ref: nameLogically(lambda) } },
    properties: {
      Qualifier: "$LATEST",
      MaximumRetryAttempts: maximumRetryAttempts,
      DestinationConfig: { OnFailure: { Destination: destinationConfig.onFailure.destination } },
    },
  };
};
