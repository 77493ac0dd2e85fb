import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CloudTrailRecord } from "@drift-guard/core/intake/cloudtrail";
import { lookUpEvents } from "@drift-guard/local/recorder/event-history";
import * as z from "zod";

const records = [0, 1, 2, 3].map((second) =>
  CloudTrailRecord.parse({
    eventID: `e-${second}`,
    eventTime: `2026-11-22T12:00:0${second}Z`,
    eventSource: "iam.amazonaws.com",
    eventName: "TagRole",
    awsRegion: "us-east-1",
    requestParameters: { roleName: second === 3 ? "other" : "team" },
  }),
);
const Answer = z.object({
  Events: z.array(z.object({ EventId: z.string() })),
  NextToken: z.string().optional(),
});
const sought = {
  lookupAttributes: [{ AttributeKey: "ResourceName", AttributeValue: "team" }],
  maxResults: 2,
};

/** The ids of one page, and the token of the next. */
function read(region: string, parameters: object) {
  const { body } = lookUpEvents(records, region, { ...sought, ...parameters });
  const { Events, NextToken } = Answer.parse(JSON.parse(Buffer.from(body).toString()));
  return { ids: Events.map(({ EventId }) => EventId), ...(NextToken !== undefined && { NextToken }) };
}

describe("the event history of the local account", () => {
  it("answers by a resource's name, the newest first, page by page", () => {
    assert.deepEqual(read("us-east-1", {}), { ids: ["e-2", "e-1"], NextToken: "2" });
    assert.deepEqual(read("us-east-1", { nextToken: "2" }), { ids: ["e-0"] });
  });

  it("answers for one region and a time range", () => {
    assert.deepEqual(read("eu-west-1", {}), { ids: [] });
    const startTime = Date.parse("2026-11-22T12:00:02Z") / 1000;
    assert.deepEqual(read("us-east-1", { startTime }), { ids: ["e-2"] });
  });

  it("refuses an attribute that it does not know", () => {
    const lookupAttributes = [{ AttributeKey: "Username", AttributeValue: "team" }];
    assert.equal(lookUpEvents(records, "us-east-1", { lookupAttributes }).status, 400);
  });
});
