import { MetricUnit } from "@aws-lambda-powertools/metrics";
import { ECSClient } from "@aws-sdk/client-ecs";
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { createAgentReader } from "@drift-guard/aws/batch/agents";
import { createAnnouncer } from "@drift-guard/aws/delivery/eventbridge";
import { SweepIncompleteError, type SweepReport } from "@drift-guard/guard/sweep/report";
import { sweep } from "@drift-guard/guard/sweep/sweep";
import { patience } from "./shared/client-settings.ts";
import { Environment, readEnvironment } from "./shared/environment.ts";
import { defineFunction } from "./shared/function.ts";
import { createInspectClients, openInspection } from "./shared/guard.ts";
import { openResources } from "./shared/resources.ts";

const clients = createInspectClients();
const eventbridge = new EventBridgeClient(patience);

// Left for the role at hand and for the answer when the sweep is told to stop.
const reserveMs = 15_000;

/**
 * Looks at every guarded role, and tells again what was not delivered: it finds what no event told. Fails where it could
 * not do all of that, after it did the rest, so that it is tried again and at last kept for a person.
 */
export const handler = defineFunction("sweep", async (_event, { context, home, logger, metrics }) => {
  const { ports, settings } = openInspection(clients, home);
  const { BUS_NAME } = readEnvironment(Environment.pick({ BUS_NAME: true }));
  const announcer = createAnnouncer(eventbridge, BUS_NAME);
  const agents = createAgentReader((region) => new ECSClient({ ...patience, region }));
  const signal = AbortSignal.timeout(Math.max(context.getRemainingTimeInMillis() - reserveMs, 0));
  const { report, failure } = await sweepWhole(
    { ...ports, resources: openResources(home), agents, announcer },
    settings,
    signal,
  );
  const { inspections, resent, asked, renewed, left, unread } = report;
  const transitions = inspections.flatMap((inspection) => inspection.transitions);
  metrics.addMetric("Inspections", MetricUnit.Count, inspections.length);
  metrics.addMetric("Transitions", MetricUnit.Count, transitions.length);
  metrics.addMetric("Resent", MetricUnit.Count, resent);
  metrics.addMetric("RollbacksAskedAgain", MetricUnit.Count, asked);
  metrics.addMetric("RenewedInSecurityHub", MetricUnit.Count, renewed);
  metrics.addMetric("UnreadRegions", MetricUnit.Count, unread.length);
  for (const { region, why } of unread) {
    logger.warn(`What AWS Batch uses in ${region} is as it was last seen: ${why}`);
  }
  if (left.length > 0) {
    logger.warn("Time ran out before every role was looked at; the next sweep begins anew", { left });
  }
  if (failure) throw failure;
  return {
    inspected: inspections.length,
    transitions: transitions.map(({ id }) => id),
    resent,
    asked,
    renewed,
    left,
    unread: unread.map(({ region }) => region),
  };
});

async function sweepWhole(...parameters: Parameters<typeof sweep>): Promise<{
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
