import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { lastSegment, parseArn } from "@drift-guard/core/model/arn";
import fc from "fast-check";

describe("an ARN", () => {
  it("has a partition, service, region, account and resource", () => {
    assert.deepEqual(parseArn("arn:aws-cn:batch:cn-north-1:123456789012:job-definition/render:7"), {
      partition: "aws-cn",
      service: "batch",
      region: "cn-north-1",
      account: "123456789012",
      resource: "job-definition/render:7",
    });
    assert.deepEqual(parseArn("arn:aws:iam::aws:policy/service-role/AWSBatchServiceRole"), {
      partition: "aws",
      service: "iam",
      region: "",
      account: "aws",
      resource: "policy/service-role/AWSBatchServiceRole",
    });
  });

  it("is no other text", () => {
    for (const text of [
      "",
      "*",
      "arn",
      "arn:aws",
      "arn:aws:iam::123456789012",
      "arn::iam::1:role/x",
      "ecsInstanceRole",
    ]) {
      assert.equal(parseArn(text), undefined, text);
    }
  });

  it("consists of exactly its fields", () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[a-z0-9/*-]*$/), { maxLength: 8 }), (fields) => {
        const text = ["arn", ...fields].join(":");
        const arn = parseArn(text);
        if (arn === undefined) return;
        const { partition, service, region, account, resource } = arn;
        assert.equal(["arn", partition, service, region, account, resource].join(":"), text);
      }),
    );
  });

  it("ends in the name of its resource", () => {
    assert.equal(lastSegment("arn:aws:iam::123456789012:role/team/x"), "x");
    assert.equal(lastSegment("x"), "x");
  });
});
