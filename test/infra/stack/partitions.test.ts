import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { listBatchRegions } from "@drift-guard/core/batch/regions";
import { iamRegionOf } from "@drift-guard/core/model/iam-region";
import { partitionOf } from "@drift-guard/infra/stack/regions";

describe("the region of IAM's events", () => {
  for (const partition of [
    "aws",
    "aws-cn",
    "aws-us-gov",
    "aws-eusc",
    "aws-iso",
    "aws-iso-b",
    "aws-iso-e",
    "aws-iso-f",
  ]) {
    it(`is one of the partition's own: ${partition}`, () => {
      assert.equal(partitionOf(iamRegionOf(partition)), partition);
      for (const region of listBatchRegions(partition)) assert.equal(partitionOf(region), partition);
    });
  }

  it("is us-east-1 for an unknown partition", () => {
    assert.equal(iamRegionOf("aws-moon"), "us-east-1");
  });
});
