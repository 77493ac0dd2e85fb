import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { AccountClient } from "@aws-sdk/client-account";
import { listAccountRegions } from "@drift-guard/aws/batch/account-regions";
import type { AccountRegions } from "@drift-guard/core/batch/account-regions";
import { clientSettingsFor } from "../client-settings.ts";
import { type Answer, type Call, json, jsonFault, withResponder } from "../responder.ts";

// ListRegions, AWS Account Management API Reference, with the statuses of its RegionOptStatus:
// https://docs.aws.amazon.com/accounts/latest/reference/API_ListRegions.html
describe("listAccountRegions", () => {
  it("reads all pages and tells enabled regions from those that are not (T15)", async () => {
    const regions = await list(({ body }) =>
      body.includes("page-2")
        ? json({
            Regions: [
              { RegionName: "me-south-1", RegionOptStatus: "DISABLED" },
              { RegionName: "ap-east-1", RegionOptStatus: "DISABLING" },
            ],
          })
        : json({
            Regions: [
              { RegionName: "us-east-1", RegionOptStatus: "ENABLED_BY_DEFAULT" },
              { RegionName: "eu-south-1", RegionOptStatus: "ENABLED" },
              { RegionName: "af-south-1", RegionOptStatus: "ENABLING" },
            ],
            NextToken: "page-2",
          }),
    );
    assert.deepEqual(regions, {
      status: "listed",
      enabled: ["us-east-1", "eu-south-1", "af-south-1", "ap-east-1"],
      notEnabled: ["me-south-1"],
    });
  });

  it("says why the regions could not be listed, and what to allow", async () => {
    const regions = await list(() => jsonFault("AccessDeniedException", "not authorized", 403));
    assert.equal(regions.status, "unlisted");
    assert.match(regions.status === "unlisted" ? regions.why : "", /AccessDenied.*Allow account:ListRegions/);
    const empty = await list(() => json({}));
    assert.equal(empty.status, "unlisted");
  });
});

async function list(answer: (call: Call) => Answer): Promise<AccountRegions> {
  let regions: AccountRegions | undefined;
  await withResponder(answer, async ({ endpoint }) => {
    const client = new AccountClient(clientSettingsFor(endpoint));
    regions = await listAccountRegions(client);
    client.destroy();
  });
  assert.ok(regions);
  return regions;
}
