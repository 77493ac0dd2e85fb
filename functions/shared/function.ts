import { Logger } from "@aws-lambda-powertools/logger";
import { injectLambdaContext } from "@aws-lambda-powertools/logger/middleware";
import { Metrics, MetricUnit } from "@aws-lambda-powertools/metrics";
import type { FunctionName } from "@drift-guard/core/config/environment";
import type { CountMetric } from "@drift-guard/core/config/metrics";
import { ConfigError } from "@drift-guard/core/errors";
import { parseArn } from "@drift-guard/core/model/arn";
import middy, { type MiddyfiedHandler } from "@middy/core";
import type { Context } from "aws-lambda";
import { nameSources } from "./source-maps.ts";
import { countUnreadable } from "./unreadable-items.ts";

/** The account, partition and region that a function runs in. */
export interface FunctionLocation {
  /** 12 digits. */
  readonly account: string;
  readonly partition: string;
  readonly region: string;
}

/** What a handler may use besides its event. */
export interface Invocation {
  readonly context: Context;
  readonly location: FunctionLocation;
  readonly logger: Logger;
  /** Adds to one of the function's metrics. */
  readonly count: CountMetric;
}

/** A Lambda handler as the runtime calls it. */
export type Handler<Result> = MiddyfiedHandler<unknown, Result>;

/**
 * Creates a Lambda handler with structured logs, which carry the request id, and with metrics, which are emitted when
 * the invocation ends, if it counted any. `service` names the function in both. The handler throws `ConfigError` where the function's ARN
 * does not name its account.
 */
export function defineFunction<Result>(
  service: FunctionName,
  handle: (event: unknown, invocation: Invocation) => Promise<Result>,
): Handler<Result> {
  nameSources();
  const logger = new Logger({ serviceName: service });
  const metrics = new Metrics({ serviceName: service, logger });
  const count: CountMetric = (metric, value) => {
    metrics.addMetric(metric, MetricUnit.Count, value);
  };
  return middy<unknown, Result>(async (event: unknown, context: Context) => {
    try {
      const location = parseLocation(context.invokedFunctionArn);
      return await handle(event, { context, location, logger, count });
    } finally {
      countUnreadable({ logger, count });
      // Powertools would log a warning where there is none.
      if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics();
    }
  }).use(injectLambdaContext(logger));
}

function parseLocation(functionArn: string): FunctionLocation {
  const arn = parseArn(functionArn);
  if (arn?.service === "lambda" && arn.region !== "" && /^\d{12}$/.test(arn.account)) {
    return { account: arn.account, partition: arn.partition, region: arn.region };
  }
  throw new ConfigError(
    `The function's account is unknown: it was invoked as "${functionArn}", which is not the ARN of a Lambda function.`,
  );
}
