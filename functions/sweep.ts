import { AccountClient } from "@aws-sdk/client-account";
import { ECSClient } from "@aws-sdk/client-ecs";
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { listAccountRegions } from "@drift-guard/aws/batch/account-regions";
import { createAgentReader } from "@drift-guard/aws/batch/agents";
import { createAnnouncer } from "@drift-guard/aws/delivery/eventbridge";
import { createReportAnnouncer } from "@drift-guard/aws/delivery/report";
import { createHubStore } from "@drift-guard/aws/dynamodb/hub";
import { createReportStore } from "@drift-guard/aws/dynamodb/reports";
import { functionEnvironments } from "@drift-guard/core/config/environment";
import { forgedItems, sweepMetrics } from "@drift-guard/core/config/metrics";
import { MessageUnreadableError } from "@drift-guard/core/errors";
import { formatIssues } from "@drift-guard/core/issues";
import type { SweepPorts } from "@drift-guard/guard/ports";
import { type MigrationReport, migrateRoles } from "@drift-guard/guard/sweep/migration";
import { SweepIncompleteError, type SweepReport } from "@drift-guard/guard/sweep/report";
import { sweep } from "@drift-guard/guard/sweep/sweep";
import * as z from "zod";
import { sdkClientSettings } from "./shared/client-settings.ts";
import { configuration } from "./shared/configuration.ts";
import { readEnvironment } from "./shared/environment.ts";
import { countForged } from "./shared/forged-items.ts";
import { defineFunction, type FunctionLocation, type Handler } from "./shared/function.ts";
import { describeGuard, type OpenedGuard } from "./shared/guard.ts";
import { createInspectClients, openInspection } from "./shared/inspection.ts";
import { noteUnreadable } from "./shared/unreadable-items.ts";

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
  /** Set if the invocation asked for a migration: no role was inspected then. */
  readonly migration?: MigrationReport;
}

/** An event that asks to write the stored items of roles with the present schema. At most 100 roles. */
const MigrationRequest = z.strictObject({
  migrate: z.strictObject({ roles: z.array(z.string().min(1).max(64)).min(1).max(100) }),
});

/**
 * Creates the handler of the schedule: it inspects every watched role, and sends undelivered transitions again. An event
 * `{migrate: {roles}}` instead has the stored items of roles written with the present schema. Where a
 * part of the sweep fails, the handler finishes the rest and then throws `SweepIncompleteError`, so that Lambda retries
 * and at last keeps the event in a queue with an alarm. `open` returns the ports for an invocation.
 */
export function createHandler(
  open: (location: FunctionLocation) => OpenedGuard<SweepPorts>,
): Handler<SweepResult> {
  return defineFunction<SweepResult>("sweep", async (event, invocation) => {
    const { context, location, logger, count } = invocation;
    const opened = open(location);
    const { settings } = opened;
    const ports = { ...opened.ports, findings: countForged(opened.ports.findings, invocation) };
    const availableMs = context.getRemainingTimeInMillis() - reserveMs;
    const signal = availableMs > 0 ? AbortSignal.timeout(availableMs) : AbortSignal.abort();
    if (isMigrationRequest(event)) return migrate(event, ports, settings.account, signal);
    const { report, failure } = await sweepAndCatch(ports, settings, signal);
    const { inspections, resent, renewed, left, unread, unreadable } = report;
    const transitions = inspections.flatMap((inspection) => inspection.transitions);
    logger.info("Swept", {
      inspected: inspections.length,
      transitions: transitions.length,
      resent,
      renewed,
      left: left.length,
    });
    if (unreadable.length > 0) {
      // Each is named by one sweep, so that the alarm fires again for another one.
      logger.error(
        "Stored transitions cannot be read, so nobody is told of them. Their findings are not affected. Find out who wrote them.",
        { unreadable },
      );
      count(forgedItems.metric, unreadable.length);
    }
    for (const { region, why } of unread) {
      logger.warn(`AWS Batch in ${region} could not be read, so its uses of roles stay as last read: ${why}`);
    }
    if (left.length > 0) {
      logger.warn("Time ran out before every role was inspected. The next sweep starts over.", { left });
    }
    if (failure) throw failure;
    if (left.length === 0 && unread.length === 0 && !signal.aborted) count(sweepMetrics.completed, 1);
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

function isMigrationRequest(event: unknown): boolean {
  return typeof event === "object" && event !== null && "migrate" in event;
}

async function migrate(
  event: unknown,
  ports: SweepPorts,
  account: string,
  signal: AbortSignal,
): Promise<SweepResult> {
  const parsed = MigrationRequest.safeParse(event);
  if (!parsed.success) {
    throw new MessageUnreadableError(
      `The request to migrate cannot be read. The command line may be of another version.\n${formatIssues(parsed.error, event)}`,
      { cause: parsed.error },
    );
  }
  const roles = parsed.data.migrate.roles.map((name) => ({ account, name }));
  const migration = await migrateRoles(roles, ports, signal);
  return {
    inspected: 0,
    transitions: [],
    resent: 0,
    renewed: 0,
    left: migration.left,
    unread: [],
    migration,
  };
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
      reports: {
        ...createReportStore(clients.dynamodb, {
          table: environment.FINDINGS_TABLE,
          onUnreadable: noteUnreadable,
        }),
        ...createReportAnnouncer(eventbridge, environment.BUS_NAME),
      },
      ...(configuration.securityHub && {
        hub: createHubStore(clients.dynamodb, {
          table: environment.FINDINGS_TABLE,
          onUnreadable: noteUnreadable,
        }),
      }),
    },
    settings: describeGuard(location, environment.GUARD_ROLE_ARN),
  };
});
