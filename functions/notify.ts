import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { SNSClient } from "@aws-sdk/client-sns";
import { type Notice, publishNotice } from "@drift-guard/aws/delivery/sns";
import { createFindingStore } from "@drift-guard/aws/dynamodb/findings";
import { functionEnvironments } from "@drift-guard/core/config/environment";
import type { FindingStore } from "@drift-guard/core/ports";
import { formatChat } from "@drift-guard/formats/chat";
import { formatText } from "@drift-guard/formats/text";
import type { SQSBatchResponse } from "aws-lambda";
import { sdkClientSettings } from "./shared/client-settings.ts";
import { findStoredDelivery } from "./shared/delivery.ts";
import { readEnvironment } from "./shared/environment.ts";
import { defineFunction, type Handler } from "./shared/function.ts";
import { consumeQueue } from "./shared/queue.ts";

/** The ports that notify works with. */
export interface NotifyPorts {
  readonly findings: Pick<FindingStore, "findDelivery" | "markDelivered">;
  /** Sends a notice to the topic's subscribers. */
  send(notice: Notice): Promise<void>;
}

/**
 * Creates the handler of the notify queue: it sends each transition to people, as the findings table has it, and marks
 * it as delivered. A transition that is already marked is not sent again. `open` returns the ports for an invocation.
 */
export function createHandler(open: () => NotifyPorts): Handler<SQSBatchResponse> {
  return defineFunction("notify", async (event, invocation) => {
    const { findings, send } = open();
    return consumeQueue(event, invocation, async ({ body }) => {
      const delivery = await findStoredDelivery(body, findings, invocation);
      if (!delivery?.awaiting.includes("notify")) return;
      const { transition } = delivery;
      const { subject, body: text } = formatText(transition);
      await send({ subject, text, chat: formatChat(transition) });
      await findings.markDelivered(transition, "notify");
    });
  });
}

const sns = new SNSClient(sdkClientSettings);
const dynamodb = new DynamoDBClient(sdkClientSettings);

/** The handler that Lambda calls. */
export const handler = createHandler(() => {
  const { FINDINGS_TABLE, TOPIC_ARN } = readEnvironment(functionEnvironments.notify);
  return {
    findings: createFindingStore(dynamodb, { table: FINDINGS_TABLE, sinks: ["notify"] }),
    send: (notice) => publishNotice(sns, TOPIC_ARN, notice),
  };
});
