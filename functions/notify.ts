import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { SNSClient } from "@aws-sdk/client-sns";
import { publishNotice } from "@drift-guard/aws/delivery/sns";
import { formatChat } from "@drift-guard/formats/chat";
import { formatText } from "@drift-guard/formats/text";
import { patience } from "./shared/client-settings.ts";
import { findDelivery } from "./shared/delivery.ts";
import { Environment, readEnvironment } from "./shared/environment.ts";
import { openFindings } from "./shared/findings.ts";
import { defineFunction } from "./shared/function.ts";
import { consumeQueue } from "./shared/queue.ts";

const sns = new SNSClient(patience);
const dynamodb = new DynamoDBClient(patience);

/** Sends each transition of the guard's bus to people, once and as it is stored, and marks it as delivered. */
export const handler = defineFunction("notify", async (event, invocation) => {
  const { TOPIC_ARN } = readEnvironment(Environment.pick({ TOPIC_ARN: true }));
  const findings = openFindings(dynamodb, "notify");
  return consumeQueue(event, invocation, async ({ body }) => {
    const delivery = await findDelivery(body, findings, invocation);
    if (!delivery?.awaiting.includes("notify")) return;
    const { transition } = delivery;
    const { subject, body: text } = formatText(transition);
    await publishNotice(sns, TOPIC_ARN, { subject, text, chat: formatChat(transition) });
    await findings.markDelivered(transition, "notify");
  });
});
