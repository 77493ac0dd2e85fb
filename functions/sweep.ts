import { MetricUnit } from "@aws-lambda-powertools/metrics";
import { AccountClient } from "@aws-sdk/client-account";
import { ECSClient } from "@aws-sdk/client-ecs";
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { listAccountRegions } from "@drift-guard/aws/batch/account-regions";
import { createAgentReader } from "@drift-guard/aws/batch/agents";
import { createAnnouncer } from "@drift-guard/aws/delivery/eventbridge";
import { functionEnvironments } from "@drift-guard/core/config/environment";
import type { SweepPorts } from "@drift-guard/guard/ports";
import { SweepIncompleteError, type SweepReport } from "@drift-guard/guard/sweep/report";
import { sweep } from "@drift-guard/guard/sweep/sweep";
import { sdkClientSettings } from "./shared/client-settings.ts";
import { readEnvironment } from "./shared/environment.ts";
import { defineFunction, type FunctionLocation, type Handler } from "./shared/function.ts";
import { createInspectClients, describeGuard, type OpenedGuard, openInspection } from "./shared/guard.ts";

// The sweep stops when this much of the function's time is left: enough to finish one role and to return.
const reserveMs = 15_000;

/** A sweep's result, as the function returns it. */
export interface SweepResult {
  /** Number of roles inspected. */
  readonly inspected: number;
  /** Ids of new transitions. */
  readonly transitions: readonly string[];
  /** Number of undelivered transitions sent again. */
  readonly resent: number;
  /** Number of open findings renewed in Security Hub. */
  readonly renewed: number;
  /** Names of roles that the sweep had no time for. */
  readonly left: readonly string[];
  /** Regions whose AWS Batch could not be read. */
  readonly unread: readonly string[];
}

/**
 * Creates the handler of the schedule: it inspects every watched role, and sends undelivered transitions again. Where a
 * part of the sweep fails, the handler finishes the rest and then throws `SweepIncompleteError`, so that Lambda retries
 * and at last keeps the event in a queue with an alarm. `open` returns the ports for an invocation.
 */
export function createHandler(
  open: (location: FunctionLocation) => OpenedGuard<SweepPorts>,
): Handler<SweepResult> {
  return defineFunction<SweepResult>("sweep", async (_event, { context, location, logger, metrics }) => {
    const { ports, settings } = open(location);
    const availableMs = context.getRemainingTimeInMillis() - reserveMs;
    const signal = availableMs > 0 ? AbortSignal.timeout(availableMs) : AbortSignal.abort();
    const { report, failure } = await sweepAndCatch(ports, settings, signal);
    const { inspections, resent, renewed, left, unread } = report;
    const transitions = inspections.flatMap((inspection) => inspection.transitions);
    metrics.addMetric("Inspections", MetricUnit.Count, inspections.length);
    metrics.addMetric("Transitions", MetricUnit.Count, transitions.length);
    metrics.addMetric("Resent", MetricUnit.Count, resent);
    metrics.addMetric("RenewedInSecurityHub", MetricUnit.Count, renewed);
    metrics.addMetric("UnreadRegions", MetricUnit.Count, unread.length);
    for (const { region, why } of unread) {
      logger.warn(`AWS Batch in ${region} could not be read, so its uses of roles stay as last read: ${why}`);
    }
    if (left.length > 0) {
      logger.warn("Time ran out before every role was inspected. The next sweep starts over.", { left });
    }
    if (failure) throw failure;
    return {
      inspected: inspections.length,
      transitions: transitions.map(({ id }) => id),
      resent,
      renewed,
      left,
      unread: unread.map(({ region }) => region),
    };
  });
}

async function sweepAndCatch(...parameters: Parameters<typeof sweep>): Promise<{
  readonly report: SweepReport;
  readonly failure?: SweepIncompleteError;
}> {
  try {
    return { report: await sweep(...parameters) };
  } catch (error) {
    if (error instanceof SweepIncompleteError) return { report: error.report, failure: error };
    throw error;
  }
}

const clients = createInspectClients();
const eventbridge = new EventBridgeClient(sdkClientSettings);
const account = new AccountClient(sdkClientSettings);

/** The handler that Lambda calls. */
export const handler = createHandler((location) => {
  const environment = readEnvironment(functionEnvironments.sweep);
  return {
    ports: {
      ...openInspection(clients, environment, location),
      agents: createAgentReader((region) => new ECSClient({ ...sdkClientSettings, region })),
      listRegions: () => listAccountRegions(account),
      announcer: createAnnouncer(eventbridge, environment.BUS_NAME),
    },
    settings: describeGuard(location, environment.GUARD_ROLE_ARN),
  };
});
