import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseCall, readForm } from "@drift-guard/local/recorder/call";
import fc from "fast-check";

const signed = (service: string, region = "eu-west-1") => ({
  authorization: `AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20260101/${region}/${service}/aws4_request, SignedHeaders=host, Signature=0`,
});

describe("parseCall", () => {
  it("reads an IAM form into lower-case names, arrays and unchanged documents", () => {
    const document = '{\n "Version": "2012-10-17", "Statement": []\n}';
    const body = new URLSearchParams({
      Action: "CreateRole",
      Version: "2010-05-08",
      RoleName: "batch",
      MaxSessionDuration: "7200",
      AssumeRolePolicyDocument: document,
      "Tags.member.2.Key": "b",
      "Tags.member.2.Value": "2",
      "Tags.member.1.Key": "a",
      "Tags.member.1.Value": "true",
    });
    const call = parseCall({
      method: "POST",
      url: "/",
      headers: { ...signed("iam", "us-east-1"), "content-type": "application/x-www-form-urlencoded" },
      body: Buffer.from(body.toString()),
    });
    assert.deepEqual(call, {
      service: "iam",
      action: "CreateRole",
      region: "us-east-1",
      accessKeyId: "AKIAEXAMPLE",
      parameters: {
        roleName: "batch",
        maxSessionDuration: 7200,
        assumeRolePolicyDocument: document,
        tags: [
          { key: "a", value: "true" },
          { key: "b", value: "2" },
        ],
      },
    });
  });

  it("takes the action of a Batch call from its path, and the region from its signature", () => {
    const call = parseCall({
      method: "POST",
      url: "/v1/registerjobdefinition",
      headers: signed("batch"),
      body: Buffer.from(
        JSON.stringify({ jobDefinitionName: "night", containerProperties: { jobRoleArn: "r" } }),
      ),
    });
    assert.equal(call?.action, "RegisterJobDefinition");
    assert.equal(call?.region, "eu-west-1");
    assert.deepEqual(call?.parameters, {
      jobDefinitionName: "night",
      containerProperties: { jobRoleArn: "r" },
    });
  });

  it("takes the resource of a Batch tag call from its path", () => {
    const arn = "arn:aws:batch:eu-west-1:123456789012:job-queue/night";
    const call = parseCall({
      method: "DELETE",
      url: `/v1/tags/${encodeURIComponent(arn)}?tagKeys=a`,
      headers: signed("batch"),
      body: Buffer.alloc(0),
    });
    assert.equal(call?.action, "UntagResource");
    assert.deepEqual(call?.parameters, { resourceArn: arn });
  });

  it("takes the action of a JSON call from its target header", () => {
    const call = parseCall({
      method: "POST",
      url: "/",
      headers: { ...signed("dynamodb"), "x-amz-target": "DynamoDB_20120810.PutItem" },
      body: Buffer.from(JSON.stringify({ TableName: "findings", Item: {} })),
    });
    assert.equal(call?.action, "PutItem");
    assert.equal(call?.parameters.tableName, "findings");
  });

  it("returns undefined for an unsigned request", () => {
    assert.equal(parseCall({ method: "POST", url: "/", headers: {}, body: Buffer.alloc(0) }), undefined);
  });

  it("reads any body and path without throwing", () => {
    const service = fc.constantFrom("iam", "batch", "securityhub", "dynamodb", "s3");
    const type = fc.constantFrom("application/json", "application/x-www-form-urlencoded", "");
    fc.assert(
      fc.property(service, type, fc.webPath(), fc.uint8Array(), (name, contentType, url, body) => {
        const headers = { ...signed(name), "content-type": contentType };
        const call = parseCall({ method: "POST", url: `/${url.replace(/^\/+/, "")}`, headers, body });
        assert.equal(call?.service, name);
        assert.notEqual(call?.action, "");
      }),
    );
  });
});

describe("readForm", () => {
  it("returns a list in the order of its indexes, for any order of the form", () => {
    const list = fc.array(fc.string(), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(list, fc.infiniteStream(fc.nat()), (values, order) => {
        const entries = values.map((value, index): [string, string] => [
          `TagKeys.member.${index + 1}`,
          value,
        ]);
        const shuffled = entries
          .map((entry) => ({ entry, at: order.next().value }))
          .toSorted((a, b) => Number(a.at) - Number(b.at));
        const form = new URLSearchParams(shuffled.map(({ entry }) => entry));
        assert.deepEqual(readForm(form), { tagKeys: values });
      }),
    );
  });

  it("reads names that are special in JavaScript, such as __proto__, as plain names", () => {
    const read = readForm(new URLSearchParams([["__proto__.polluted", "yes"]]));
    assert.deepEqual(Object.keys(read), ["__proto__"]);
    assert.equal(Object.hasOwn(Object.prototype, "polluted"), false);
  });
});
