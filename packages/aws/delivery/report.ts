import type { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { FirstReport, reportEvent } from "@drift-guard/core/model/first-report";
import type { ReportAnnouncer } from "@drift-guard/core/ports";
import * as z from "zod";
import { putEvent } from "./eventbridge.ts";

/** Creates the announcer that puts the first report on the guard's own bus (`events:PutEvents`). */
export function createReportAnnouncer(client: EventBridgeClient, bus: string): ReportAnnouncer {
  return {
    announceReport: (report) =>
      putEvent(
        client,
        {
          EventBusName: bus,
          Source: reportEvent.source,
          DetailType: reportEvent.detailType,
          Detail: JSON.stringify(z.encode(FirstReport, report)),
          Time: new Date(report.at),
        },
        { what: "the first report", next: "The stream's retry and the next sweep send it again." },
      ),
  };
}

const Envelope = z.looseObject({
  source: z.literal(reportEvent.source),
  "detail-type": z.literal(reportEvent.detailType),
});

/** Whether a queue message asks for the first report. Nothing else of the message is used: anybody may have sent it. */
export function isReportMessage(body: string): boolean {
  try {
    return Envelope.safeParse(JSON.parse(body)).success;
  } catch {
    return false;
  }
}
