import { type EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";
import { FirstReport, reportEvent } from "@drift-guard/core/model/first-report";
import type { ReportAnnouncer } from "@drift-guard/core/ports";
import * as z from "zod";
import { DeliveryError, toDeliveryError } from "./delivery-error.ts";

/** Creates the announcer that puts the first report on the guard's own bus (`events:PutEvents`). */
export function createReportAnnouncer(client: EventBridgeClient, bus: string): ReportAnnouncer {
  return {
    async announceReport(report) {
      const entry = {
        EventBusName: bus,
        Source: reportEvent.source,
        DetailType: reportEvent.detailType,
        Detail: JSON.stringify(z.encode(FirstReport, report)),
        Time: new Date(report.at),
      };
      const [answer] = await client.send(new PutEventsCommand({ Entries: [entry] })).then(
        ({ Entries = [] }) => Entries,
        (error: unknown) => {
          throw toDeliveryError(`The bus ${bus}`, error, "events:PutEvents");
        },
      );
      if (answer?.EventId && !answer.ErrorCode) return;
      const why = `${answer?.ErrorCode ?? "no answer"} ${answer?.ErrorMessage ?? ""}`.trimEnd();
      throw new DeliveryError(
        `The bus ${bus} did not accept the first report: ${why}. The stream's retry and the next sweep send it again.`,
      );
    },
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
