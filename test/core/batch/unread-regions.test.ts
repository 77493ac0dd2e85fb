import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { groupUnread } from "@drift-guard/core/batch/unread-regions";

describe("groupUnread", () => {
  it("joins regions whose reasons differ in the region's name alone", () => {
    const denied = (region: string) => ({ region, why: `AWS Batch in ${region} could not be read: denied.` });
    const busy = { region: "eu-west-1", why: "AWS Batch in eu-west-1 could not be read: throttled." };
    assert.deepEqual(groupUnread([denied("us-east-1"), busy, denied("af-south-1")]), [
      { regions: ["us-east-1", "af-south-1"], why: denied("us-east-1").why },
      { regions: ["eu-west-1"], why: busy.why },
    ]);
  });
});
