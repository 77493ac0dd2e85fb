import { Logger } from "@aws-lambda-powertools/logger";
import { injectLambdaContext } from "@aws-lambda-powertools/logger/middleware";
import { Metrics } from "@aws-lambda-powertools/metrics";
import { logMetrics } from "@aws-lambda-powertools/metrics/middleware";
import { ConfigError } from "@drift-guard/core/errors";
import middy, { type MiddyfiedHandler } from "@middy/core";
import type { Context } from "aws-lambda";

/** Where a function runs, as its own ARN tells it. */
export interface Home {
  readonly account: string;
  readonly partition: string;
  readonly region: string;
}

/** What a handler is given beside its event. */
export interface Invocation {
  readonly context: Context;
  readonly home: Home;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** A Lambda handler with structured logs that carry the request's id, and with metrics, which are sent at its end. */
export function defineFunction<Result>(
  service: string,
  handle: (event: unknown, invocation: Invocation) => Promise<Result>,
): MiddyfiedHandler<unknown, Result> {
  const logger = new Logger({ serviceName: service });
  const metrics = new Metrics({ serviceName: service, logger });
  return middy<unknown, Result>((event: unknown, context: Context) =>
    handle(event, { context, home: locate(context.invokedFunctionArn), logger, metrics }),
  )
    .use(injectLambdaContext(logger))
    .use(logMetrics(metrics, { captureColdStartMetric: true }));
}

/** Reads account, partition and region from a function's ARN. Throws `ConfigError`. */
function locate(functionArn: string): Home {
  const [, partition, service, region, account] = functionArn.split(":");
  if (service === "lambda" && partition && region && /^\d{12}$/.test(account ?? "") && account) {
    return { account, partition, region };
  }
  throw new ConfigError(
    `The function was invoked as "${functionArn}", which is no ARN of a Lambda function, so its account is not known.`,
  );
}
