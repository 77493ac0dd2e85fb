import type { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import {
  TestMessage as Shape,
  type TestMessage,
  testMessageEvent,
} from "@drift-guard/core/model/test-message";
import * as z from "zod";
import { putEvent } from "./eventbridge.ts";

/** Asks on the guard's bus for a test message (`events:PutEvents`). Throws `DeliveryError`. */
export function requestTestMessage(
  client: EventBridgeClient,
  bus: string,
  message: TestMessage,
): Promise<void> {
  const { source: Source, detailType: DetailType } = testMessageEvent;
  const entry = { EventBusName: bus, Source, DetailType, Detail: JSON.stringify(message) };
  return putEvent(client, entry, { what: "the test message", next: "Run the command again." });
}

const Envelope = z.looseObject({
  source: z.literal(testMessageEvent.source),
  "detail-type": z.literal(testMessageEvent.detailType),
  detail: Shape,
});

/** Returns the test message that a queue message asks for; undefined for every other message. */
export function parseTestMessage(body: string): TestMessage | undefined {
  try {
    const envelope = Envelope.safeParse(JSON.parse(body));
    return envelope.success ? envelope.data.detail : undefined;
  } catch {
    return undefined;
  }
}
