import * as z from "zod";
import { Instant } from "./instant.ts";

/** `source` and `detail-type` of the event on the guard's bus that asks for a test message to people. */
export const testMessageEvent = { source: "drift-guard", detailType: "Test message" } as const;

/** A request for a test message. It holds nothing that people are shown, apart from its id. */
export const TestMessage = z.object({ id: z.uuid() }).readonly();
export type TestMessage = z.infer<typeof TestMessage>;

/** When a test message was sent to the topic. */
export const SentTestMessage = z.object({ sentAt: Instant }).readonly();
export type SentTestMessage = z.infer<typeof SentTestMessage>;

/** Somebody who is subscribed to the topic. */
export interface Subscriber {
  /** Such as `email` or `https`. */
  readonly protocol: string;
  /** The address, with most of its characters hidden. */
  readonly address: string;
  /** Whether they confirmed the subscription: nobody else gets messages. */
  readonly confirmed: boolean;
}
