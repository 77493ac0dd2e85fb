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

// DescribeRegions, Amazon EC2 API Reference: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeRegions.html
describe("listAccountRegions where account:ListRegions is denied", () => {
  const denied = jsonFault("AccessDeniedException", "not authorized", 403);
  const region = (name: string, status: string) =>
    `<item><regionName>${name}</regionName><regionEndpoint>ec2.${name}.amazonaws.com</regionEndpoint><optInStatus>${status}</optInStatus></item>`;
  const described = `<DescribeRegionsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><regionInfo>${region("us-east-1", "opt-in-not-required")}${region("eu-south-1", "opted-in")}${region("me-south-1", "not-opted-in")}</regionInfo></DescribeRegionsResponse>`;

  it("lists them by ec2:DescribeRegions, signed for EC2 (T15)", async () => {
    let signedFor = "";
    const regions = await list((call) => {
      if (call.action !== "DescribeRegions") return denied;
      signedFor = `${call.service} ${call.region} ${call.parameters.get("AllRegions")}`;
      return { status: 200, body: described };
    }, true);
    assert.deepEqual(regions, {
      status: "listed",
      enabled: ["us-east-1", "eu-south-1"],
      notEnabled: ["me-south-1"],
    });
    assert.equal(signedFor, "ec2 us-east-1 true");
  });

  it("says why neither call could list them", async () => {
    const refused = `<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>You are not authorized to perform this operation.</Message></Error></Errors></Response>`;
    const regions = await list(
      ({ action }) => (action === "DescribeRegions" ? { status: 403, body: refused } : denied),
      true,
    );
    assert.match(
      regions.status === "unlisted" ? regions.why : "",
      /Allow account:ListRegions .*ec2:DescribeRegions answered UnauthorizedOperation: .*Allow ec2:DescribeRegions/,
    );
    const page = await list(
      ({ action }) => (action === "DescribeRegions" ? { status: 200, body: "<html>" } : denied),
      true,
    );
    assert.match(
      page.status === "unlisted" ? page.why : "",
      /ec2:DescribeRegions returned no enabled Region/,
    );
  });
});

async function list(answer: (call: Call) => Answer, byEc2 = false): Promise<AccountRegions> {
  let regions: AccountRegions | undefined;
  await withResponder(answer, async ({ endpoint }) => {
    const client = new AccountClient(clientSettingsFor(endpoint));
    regions = await listAccountRegions(client, byEc2 ? { ec2: { endpoint } } : {});
    client.destroy();
  });
  assert.ok(regions);
  return regions;
}
