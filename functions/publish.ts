import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { createAnnouncer } from "@drift-guard/aws/delivery/eventbridge";
import { createReportAnnouncer } from "@drift-guard/aws/delivery/report";
import { parseStreamRecord } from "@drift-guard/aws/delivery/stream";
import { functionEnvironments } from "@drift-guard/core/config/environment";
import { MessageUnreadableError } from "@drift-guard/core/errors";
import type { FirstReport } from "@drift-guard/core/model/first-report";
import type { Transition } from "@drift-guard/core/model/transition";
import type { Announcer, ReportAnnouncer } from "@drift-guard/core/ports";
import * as z from "zod";
import { sdkClientSettings } from "./shared/client-settings.ts";
import { readEnvironment } from "./shared/environment.ts";
import { defineFunction, type Handler } from "./shared/function.ts";

const StreamEvent = z.looseObject({ Records: z.array(z.unknown()) });

/** The ports that publish works with. */
export interface PublishPorts {
  readonly announcer: Announcer;
  readonly reports: ReportAnnouncer;
}

/**
 * Creates the handler of the findings table's stream: it puts inserted transitions, and the first report, on the guard's bus.
 * The handler throws where the bus does not take one of them, or an item cannot be read, and then the stream delivers the
 * whole batch again. That keeps the transitions of a role in order, and a transition may be announced twice. `open` returns
 * the ports for an invocation.
 */
export function createHandler(open: () => PublishPorts): Handler<{ readonly batchItemFailures: [] }> {
  return defineFunction("publish", async (event, { logger }) => {
    const { announcer, reports } = open();
    const { transitions, report, unreadable } = readStream(event);
    if (transitions.length > 0) await announcer.announce(transitions);
    if (report) await reports.announceReport(report);
    logger.info("Announced transitions", { transitions: transitions.length });
    // Thrown last, so that one unreadable item does not keep the other transitions from the bus.
    if (unreadable.length > 0) throw new MessageUnreadableError(unreadable.join("\n"));
    return { batchItemFailures: [] };
  });
}

/** Reads a stream event: the inserted transitions and first report, and for each item that cannot be read an error message. */
function readStream(event: unknown): {
  readonly transitions: readonly Transition[];
  readonly report: FirstReport | undefined;
  readonly unreadable: readonly string[];
} {
  const parsed = StreamEvent.safeParse(event);
  if (!parsed.success) {
    throw new MessageUnreadableError(
      "The function was invoked with something other than an event of a table's stream. Only its stream may invoke it.",
      { cause: parsed.error },
    );
  }
  const transitions: Transition[] = [];
  const unreadable: string[] = [];
  let report: FirstReport | undefined;
  for (const record of parsed.data.Records) {
    try {
      const news = parseStreamRecord(record);
      if (news?.kind === "transition") transitions.push(news.transition);
      if (news?.kind === "report") report = news.report;
    } catch (error) {
      if (!(error instanceof MessageUnreadableError)) throw error;
      unreadable.push(error.message);
    }
  }
  return { transitions, report, unreadable };
}

const eventbridge = new EventBridgeClient(sdkClientSettings);

/** The handler that Lambda calls. */
export const handler = createHandler(() => {
  const { BUS_NAME } = readEnvironment(functionEnvironments.publish);
  return {
    announcer: createAnnouncer(eventbridge, BUS_NAME),
    reports: createReportAnnouncer(eventbridge, BUS_NAME),
  };
});
