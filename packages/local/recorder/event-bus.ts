import { setTimeout as pause } from "node:timers/promises";
import { formatCause } from "@drift-guard/core/errors";
import type { CloudTrailRecord } from "@drift-guard/core/intake/cloudtrail";
import * as z from "zod";

/** A record that the event bus did not take. */
export class EventBusError extends Error {
  override readonly name = "EventBusError";
}

const PutEventsAnswer = z.object({
  FailedEntryCount: z.number(),
  Entries: z.array(z.object({ ErrorCode: z.string().optional(), ErrorMessage: z.string().optional() })),
});

const attempts = 3;

/**
 * Puts a record on the default bus of the region it tells of, as CloudTrail does. AWS takes events of source `aws.*`
 * from its own services alone. Throws `EventBusError` after three attempts.
 */
export async function putEvent(ministack: string, record: CloudTrailRecord): Promise<void> {
  const entry = {
    Source: record.eventSource.replace(/^(\w+)\.amazonaws\.com$/, "aws.$1"),
    DetailType: "AWS API Call via CloudTrail",
    Time: Math.floor(Date.parse(record.eventTime) / 1000),
    Resources: [],
    Detail: JSON.stringify(record),
  };
  const scope = `trail/20200101/${record.awsRegion ?? "us-east-1"}/events/aws4_request`;
  for (let attempt = 1; ; attempt++) {
    try {
      const answer = await fetch(ministack, {
        method: "POST",
        headers: {
          "content-type": "application/x-amz-json-1.1",
          "x-amz-target": "AWSEvents.PutEvents",
          // The emulator takes account and region from the signature's scope and checks nothing else of it.
          authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=none`,
        },
        body: JSON.stringify({ Entries: [entry] }),
      });
      const outcome = PutEventsAnswer.parse(await answer.json());
      if (outcome.FailedEntryCount === 0) return;
      throw new Error(`${outcome.Entries[0]?.ErrorCode}: ${outcome.Entries[0]?.ErrorMessage}`);
    } catch (cause) {
      if (attempt < attempts) await pause(100 * attempt);
      else {
        throw new EventBusError(
          `The record of ${record.eventName} (${record.eventID}) did not reach the event bus: ` +
            formatCause(cause),
          { cause },
        );
      }
    }
  }
}
