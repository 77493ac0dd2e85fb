import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { toolOf } from "@drift-guard/core/model/tool";

const agents = [
  ["console", "console.amazonaws.com"],
  ["console", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"],
  ["cli", "aws-cli/2.32.3 md/awscrt#0.29.0 ua/2.1 os/linux"],
  [
    "terraform",
    "APN/1.0 HashiCorp/1.0 Terraform/1.15.0 (+https://www.terraform.io) terraform-provider-aws/6.32.1 aws-sdk-go-v2/1.41.1",
  ],
  ["pulumi", "APN/1.0 Pulumi/1.0 PulumiAWS/7.1.0 aws-sdk-go-v2/1.41.1 pulumi/3.200"],
  ["cdk", "aws-sdk-js/3.900.0 aws-cdk/2.1030.0"],
  ["sdk", "Boto3/1.40.1 md/Botocore#1.40.1"],
  ["sdk", "aws-sdk-js/3.900.0"],
  ["drift-guard", "aws-sdk-js/3.900.0 drift-guard/rollback/1"],
  ["unknown", "curl/8.5.0"],
] as const;

describe("the tool of a call", () => {
  for (const [tool, userAgent] of agents) {
    it(`is ${tool} for the user agent ${userAgent.slice(0, 40)}`, () => {
      assert.equal(toolOf({ type: "IAMUser", userAgent }), tool);
    });
  }

  it("is a service where one made the call, and CloudFormation by its own name", () => {
    assert.equal(toolOf({ type: "AssumedRole", service: "batch.amazonaws.com" }), "aws-service");
    assert.equal(toolOf({ type: "AWSService" }), "aws-service");
    assert.equal(
      toolOf({ type: "AssumedRole", service: "cloudformation.amazonaws.com", userAgent: "aws-cli/2.0" }),
      "cloudformation",
    );
  });
});
