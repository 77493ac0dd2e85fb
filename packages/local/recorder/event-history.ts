import type { CloudTrailRecord } from "@drift-guard/core/intake/cloudtrail";
import * as z from "zod";
import type { HttpResponse } from "./http.ts";

const Lookup = z.object({
  lookupAttributes: z
    .array(z.object({ AttributeKey: z.literal("ResourceName"), AttributeValue: z.string() }))
    .max(1)
    .default([]),
  startTime: z.number().default(0),
  endTime: z.number().default(Number.POSITIVE_INFINITY),
  maxResults: z.number().int().min(1).max(50).default(50),
  nextToken: z.string().regex(/^\d+$/).default("0"),
});

/**
 * Answers `LookupEvents` from recorded calls, as CloudTrail does (docs/aws-facts.md, "Event history"): those of one region,
 * the newest first, by the name of a resource. The token of the next page is the number of events before it.
 */
export function lookUpEvents(
  records: readonly CloudTrailRecord[],
  region: string,
  parameters: Readonly<Record<string, unknown>>,
): HttpResponse {
  const headers = { "content-type": "application/x-amz-json-1.1" };
  const parsed = Lookup.safeParse(parameters);
  if (!parsed.success) {
    const error = { __type: "InvalidLookupAttributesException", message: parsed.error.message };
    return { status: 400, headers, body: Buffer.from(JSON.stringify(error)) };
  }
  const { lookupAttributes, startTime, endTime, maxResults, nextToken } = parsed.data;
  const [sought] = lookupAttributes;
  const found = records
    .filter((record) => {
      const at = Date.parse(record.eventTime) / 1000;
      const names = Object.values(record.requestParameters ?? {});
      return (
        record.awsRegion === region &&
        at >= Math.floor(startTime) &&
        at <= endTime &&
        (sought === undefined || names.includes(sought.AttributeValue))
      );
    })
    .toReversed()
    .toSorted((one, other) => Date.parse(other.eventTime) - Date.parse(one.eventTime));
  const start = Number(nextToken);
  const Events = found.slice(start, start + maxResults).map((record) => ({
    EventId: record.eventID,
    EventName: record.eventName,
    EventTime: Date.parse(record.eventTime) / 1000,
    EventSource: record.eventSource,
    CloudTrailEvent: JSON.stringify(record),
  }));
  const next = start + maxResults;
  const body = { Events, ...(next < found.length && { NextToken: String(next) }) };
  return { status: 200, headers, body: Buffer.from(JSON.stringify(body)) };
}
