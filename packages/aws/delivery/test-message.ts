import { type EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";
import {
  TestMessage as Shape,
  type TestMessage,
  testMessageEvent,
} from "@drift-guard/core/model/test-message";
import * as z from "zod";
import { DeliveryError, toDeliveryError } from "./delivery-error.ts";

/** Asks on the guard's bus for a test message (`events:PutEvents`). Throws `DeliveryError`. */
export async function requestTestMessage(
  client: EventBridgeClient,
  bus: string,
  message: TestMessage,
): Promise<void> {
  const entry = {
    EventBusName: bus,
    Source: testMessageEvent.source,
    DetailType: testMessageEvent.detailType,
    Detail: JSON.stringify(message),
  };
  const [answer] = await client.send(new PutEventsCommand({ Entries: [entry] })).then(
    ({ Entries = [] }) => Entries,
    (error: unknown) => {
      throw toDeliveryError(`The bus ${bus}`, error, "events:PutEvents");
    },
  );
  if (answer?.EventId && !answer.ErrorCode) return;
  const why = `${answer?.ErrorCode ?? "no answer"} ${answer?.ErrorMessage ?? ""}`.trimEnd();
  throw new DeliveryError(`The bus ${bus} did not accept the test message: ${why}.`);
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
