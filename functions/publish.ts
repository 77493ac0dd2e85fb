import { MetricUnit } from "@aws-lambda-powertools/metrics";
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { createAnnouncer } from "@drift-guard/aws/delivery/eventbridge";
import { parseStreamRecord } from "@drift-guard/aws/delivery/stream";
import { MessageUnreadableError } from "@drift-guard/core/errors";
import type { Transition } from "@drift-guard/core/model/transition";
import * as z from "zod";
import { patience } from "./shared/client-settings.ts";
import { Environment, readEnvironment } from "./shared/environment.ts";
import { defineFunction } from "./shared/function.ts";

const eventbridge = new EventBridgeClient(patience);

const StreamEvent = z.looseObject({ Records: z.array(z.unknown()) });

/**
 * Tells the transitions that were inserted into the findings table to the guard's own bus. It fails as a whole, and the
 * stream gives all again: told twice is nothing, and the order of one role's transitions is kept.
 */
export const handler = defineFunction("publish", async (event, { metrics }) => {
  const { BUS_NAME } = readEnvironment(Environment.pick({ BUS_NAME: true }));
  const { transitions, unreadable } = readStream(event);
  if (transitions.length > 0) await createAnnouncer(eventbridge, BUS_NAME).announce(transitions);
  metrics.addMetric("Announced", MetricUnit.Count, transitions.length);
  // Said only now, so that one item that cannot be read does not keep the others from being told.
  if (unreadable.length > 0) throw new MessageUnreadableError(unreadable.join("\n"));
  return { batchItemFailures: [] };
});

function readStream(event: unknown): {
  readonly transitions: readonly Transition[];
  readonly unreadable: readonly string[];
} {
  const parsed = StreamEvent.safeParse(event);
  if (!parsed.success) {
    throw new MessageUnreadableError(
      "The function was invoked with something that is no event of a table's stream. Only its stream may invoke it.",
      { cause: parsed.error },
    );
  }
  const transitions: Transition[] = [];
  const unreadable: string[] = [];
  for (const record of parsed.data.Records) {
    try {
      const transition = parseStreamRecord(record);
      if (transition) transitions.push(transition);
    } catch (error) {
      if (!(error instanceof MessageUnreadableError)) throw error;
      unreadable.push(error.message);
    }
  }
  return { transitions, unreadable };
}
