import { setTimeout as pause } from "node:timers/promises";
import { formatCause } from "@drift-guard/core/errors";
import type { CloudTrailRecord } from "@drift-guard/core/intake/cloudtrail";
import * as z from "zod";

/** The event bus did not accept an event. */
export class EventBusError extends Error {
  override readonly name = "EventBusError";
}

const PutEventsResponse = z.object({
  FailedEntryCount: z.number(),
  Entries: z.array(z.object({ ErrorCode: z.string().optional(), ErrorMessage: z.string().optional() })),
});

const maxAttempts = 3;

/** An event of an AWS service. */
export interface ServiceEvent {
  /** Such as `aws.iam`. */
  readonly source: string;
  readonly detailType: string;
  readonly region: string;
  readonly at: Date;
  readonly detail: object;
  /** What the event is about, for failures. */
  readonly subject: string;
}

/** Puts a record on the default event bus of the record's region, as CloudTrail does. Throws `EventBusError`. */
export async function putRecord(ministack: string, record: CloudTrailRecord): Promise<void> {
  await putEvent(ministack, {
    source: record.eventSource.replace(/^(\w+)\.amazonaws\.com$/, "aws.$1"),
    detailType: "AWS API Call via CloudTrail",
    region: record.awsRegion ?? "us-east-1",
    at: new Date(record.eventTime),
    detail: record,
    subject: `the record of ${record.eventName} (${record.eventID})`,
  });
}

/**
 * Puts an event on the default event bus of its region. The emulator accepts events with a source of `aws.*`, which AWS
 * accepts only from its own services. Throws `EventBusError` after three attempts.
 */
export async function putEvent(ministack: string, event: ServiceEvent): Promise<void> {
  const entry = {
    Source: event.source,
    DetailType: event.detailType,
    Time: Math.floor(event.at.getTime() / 1000),
    Resources: [],
    Detail: JSON.stringify(event.detail),
  };
  const scope = `trail/20200101/${event.region}/events/aws4_request`;
  for (let attempt = 1; ; attempt++) {
    try {
      const response = await fetch(ministack, {
        method: "POST",
        headers: {
          "content-type": "application/x-amz-json-1.1",
          "x-amz-target": "AWSEvents.PutEvents",
          // The emulator reads account and region from the signature's scope and does not verify the signature.
          authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=none`,
        },
        body: JSON.stringify({ Entries: [entry] }),
      });
      const outcome = PutEventsResponse.parse(await response.json());
      if (outcome.FailedEntryCount === 0) return;
      throw new Error(`${outcome.Entries[0]?.ErrorCode}: ${outcome.Entries[0]?.ErrorMessage}`);
    } catch (cause) {
      if (attempt < maxAttempts) await pause(100 * attempt);
      else {
        throw new EventBusError(
          `The event bus refused ${event.subject} ${maxAttempts} times: ${formatCause(cause)}`,
          { cause },
        );
      }
    }
  }
}
