import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { chooseRegions } from "@drift-guard/core/batch/account-regions";
import { listBatchRegions } from "@drift-guard/core/batch/regions";

const listed = {
  status: "listed",
  enabled: ["us-east-1", "eu-west-1"],
  notEnabled: listBatchRegions("aws").filter((region) => region !== "us-east-1" && region !== "eu-west-1"),
} as const;

describe("chooseRegions", () => {
  it("reads the enabled regions of the account, and no others (T15)", () => {
    const { read, notEnabled, leftOut } = chooseRegions("aws", listed);
    assert.deepEqual(read, ["eu-west-1", "us-east-1"]);
    assert.ok(notEnabled.includes("me-south-1"));
    assert.deepEqual(leftOut, []);
  });

  it("leaves out what was not asked for, and names it", () => {
    const choice = chooseRegions("aws", listed, { asked: ["eu-west-1", "me-south-1"] });
    assert.deepEqual(choice.read, ["eu-west-1"]);
    assert.deepEqual(choice.leftOut, ["us-east-1"]);
  });

  it("reads the regions of a configuration too, if they are enabled or unknown", () => {
    const also = ["xx-new-1", "me-south-1", "us-east-1"];
    assert.deepEqual(chooseRegions("aws", listed, { also }).read, ["eu-west-1", "us-east-1", "xx-new-1"]);
    const fewer = chooseRegions("aws", listed, { asked: ["eu-west-1"], also: ["xx-new-1"] });
    assert.deepEqual(fewer.read, ["eu-west-1", "xx-new-1"]);
    assert.deepEqual(fewer.leftOut, ["us-east-1"]);
  });

  it("reads an enabled region that the list of AWS Batch's regions does not have yet", () => {
    const { read } = chooseRegions("aws", { status: "listed", enabled: ["xx-new-1"], notEnabled: [] });
    assert.ok(read.includes("xx-new-1"));
    assert.ok(read.includes("us-east-1"), "a region that AWS lists as neither may be enabled");
  });

  it("reads every region of the partition that has AWS Batch if the account's cannot be listed", () => {
    const choice = chooseRegions("aws-cn", { status: "unlisted", why: "denied" });
    assert.deepEqual(choice, {
      read: ["cn-north-1", "cn-northwest-1"],
      notEnabled: [],
      leftOut: [],
      unlisted: "denied",
    });
  });
});
