import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatArn, lastSegment, parseArn, parseIamArn } from "@drift-guard/core/model/arn";
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
      "arn:*:iam::123456789012:role/x",
      "arn:aws:*::123456789012:role/x",
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
        assert.equal(formatArn(arn), text);
      }),
    );
  });

  it("ends in the name of its resource", () => {
    assert.equal(lastSegment("arn:aws:iam::123456789012:role/team/x"), "x");
    assert.equal(lastSegment("x"), "x");
  });
});

describe("the ARN of an IAM entity", () => {
  it("has a type, a path and a name", () => {
    const entity = { partition: "aws", account: "123456789012" };
    assert.deepEqual(parseIamArn("arn:aws:iam::123456789012:role/x"), {
      ...entity,
      type: "role",
      path: "/",
      name: "x",
    });
    assert.deepEqual(parseIamArn("arn:aws:iam::123456789012:instance-profile/a/b/x"), {
      ...entity,
      type: "instance-profile",
      path: "/a/b/",
      name: "x",
    });
    assert.equal(parseIamArn("arn:aws:iam::aws:policy/service-role/AWSBatchServiceRole")?.account, "aws");
  });

  it("is no other ARN", () => {
    for (const text of [
      "role/x",
      "arn:aws:iam::123456789012:root",
      "arn:aws:iam::123456789012:role",
      "arn:aws:iam::123456789012:role/",
      "arn:aws:iam::123456789012:role//x",
      "arn:aws:iam::1234:role/x",
      "arn:aws:iam:eu-west-1:123456789012:role/x",
      "arn:aws:sts::123456789012:assumed-role/x/y",
    ]) {
      assert.equal(parseIamArn(text), undefined, text);
    }
  });
});
