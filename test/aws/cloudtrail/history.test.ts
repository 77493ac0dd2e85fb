import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CloudTrailClient } from "@aws-sdk/client-cloudtrail";
import { createTrailReader } from "@drift-guard/aws/cloudtrail/history";
import { clientSettingsFor } from "../client-settings.ts";
import { type Answer, type Call, json, jsonFault, withResponder } from "../responder.ts";

const between = { since: "2026-11-20T12:00:00Z", until: "2026-11-22T12:00:00Z" } as const;

/** Reads every page of a name from an endpoint that gives `answer`. */
async function read(answer: (call: Call) => Answer): Promise<readonly (readonly unknown[])[]> {
  const pages: (readonly unknown[])[] = [];
  await withResponder(answer, async ({ endpoint }) => {
    const open = (region: string) => new CloudTrailClient({ ...clientSettingsFor(endpoint), region });
    const reader = createTrailReader(open, { pauseMs: 0 });
    for await (const page of reader.pages("eu-west-1", "team", between)) pages.push(page);
  });
  return pages;
}

describe("the reader of CloudTrail's event history", () => {
  it("asks for a resource's name in the region, page by page", async () => {
    const asked: unknown[] = [];
    const pages = await read(({ body, region, action }) => {
      const request: { readonly NextToken?: string } = JSON.parse(body);
      asked.push({ action, region, request });
      return request.NextToken === undefined
        ? json({ Events: [{ CloudTrailEvent: '{"eventID":"1"}' }], NextToken: "more" })
        : json({ Events: [{ CloudTrailEvent: '{"eventID":"2"}' }] });
    });
    assert.deepEqual(pages, [[{ eventID: "1" }], [{ eventID: "2" }]]);
    const request = {
      LookupAttributes: [{ AttributeKey: "ResourceName", AttributeValue: "team" }],
      StartTime: Date.parse(between.since) / 1000,
      EndTime: Date.parse(between.until) / 1000,
      MaxResults: 50,
    };
    assert.deepEqual(asked, [
      { action: "LookupEvents", region: "eu-west-1", request },
      { action: "LookupEvents", region: "eu-west-1", request: { ...request, NextToken: "more" } },
    ]);
  });

  it("yields an event without a readable record as no record", async () => {
    const pages = await read(() => json({ Events: [{}, { CloudTrailEvent: "{" }] }));
    assert.deepEqual(pages, [[undefined, undefined]]);
  });

  it("says which permission is missing, and where", async () => {
    await assert.rejects(
      read(() => jsonFault("AccessDeniedException", "no")),
      {
        name: "TrailUnreadableError",
        message: /in eu-west-1 cannot be read.*Allow cloudtrail:LookupEvents/s,
      },
    );
  });
});
