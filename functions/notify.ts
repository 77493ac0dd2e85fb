import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { SNSClient } from "@aws-sdk/client-sns";
import { type Notice, publishNotice } from "@drift-guard/aws/delivery/sns";
import { createControlStore } from "@drift-guard/aws/dynamodb/control";
import { createFindingStore } from "@drift-guard/aws/dynamodb/findings";
import { functionEnvironments } from "@drift-guard/core/config/environment";
import type { FindingStore } from "@drift-guard/core/ports";
import { formatAttributes } from "@drift-guard/formats/attributes";
import { formatChat } from "@drift-guard/formats/chat";
import { formatText } from "@drift-guard/formats/text";
import type { SQSBatchResponse } from "aws-lambda";
import { type AnnouncementPorts, announce } from "./shared/announcement.ts";
import { sdkClientSettings } from "./shared/client-settings.ts";
import { configuration } from "./shared/configuration.ts";
import { findStoredDelivery } from "./shared/delivery.ts";
import { readEnvironment } from "./shared/environment.ts";
import { defineFunction, type Handler } from "./shared/function.ts";
import { consumeQueue } from "./shared/queue.ts";

/** The ports that notify works with. */
export interface NotifyPorts extends AnnouncementPorts {
  readonly findings: Pick<FindingStore, "findDelivery" | "markDelivered">;
  /** Sends a notice to the topic's subscribers. */
  send(notice: Notice): Promise<void>;
}

/**
 * Creates the handler of the notify queue: it sends each transition to people, as the findings table has it, with what the
 * guard does about the finding at this time, and marks the transition as delivered. A transition that is already marked is not sent again. `open` returns the ports for an invocation.
 */
export function createHandler(open: () => NotifyPorts): Handler<SQSBatchResponse> {
  return defineFunction("notify", async (event, invocation) => {
    const ports = open();
    const { findings, send } = ports;
    const { functionName } = invocation.context;
    return consumeQueue(event, invocation, async ({ body }) => {
      const delivery = await findStoredDelivery(body, findings, invocation);
      if (!delivery?.awaiting.includes("notify")) return;
      const { transition } = delivery;
      const announcement = await announce(transition, ports, [functionName, "notify"]);
      const { subject, body: text } = formatText(announcement);
      await send({
        subject,
        text,
        chat: formatChat(announcement),
        attributes: formatAttributes(announcement),
      });
      await findings.markDelivered(transition, "notify");
    });
  });
}

const sns = new SNSClient(sdkClientSettings);
const dynamodb = new DynamoDBClient(sdkClientSettings);

/** The handler that Lambda calls. */
export const handler = createHandler(() => {
  const { FINDINGS_TABLE, CONTROL_TABLE, TOPIC_ARN } = readEnvironment(functionEnvironments.notify);
  return {
    findings: createFindingStore(dynamodb, { table: FINDINGS_TABLE, sinks: ["notify"] }),
    control: createControlStore(dynamodb, { table: CONTROL_TABLE }),
    config: configuration,
    now: () => new Date(),
    send: (notice) => publishNotice(sns, TOPIC_ARN, notice),
  };
});
