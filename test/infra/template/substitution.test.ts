import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createSubstitution } from "@drift-guard/infra/template/substitution";

const substitute = createSubstitution({
  account: "123456789012",
  partition: "aws",
  region: "eu-west-1",
  stage: "ci",
});
const substituted = (text: string) => substitute({ text }).text;

describe("what differs between deployments", () => {
  it("is replaced by parameters, in lists and objects too", () => {
    assert.deepEqual(
      substitute({ list: [{ arn: "arn:aws:sqs:eu-west-1:123456789012:drift-guard-ci-changes" }], count: 1 }),
      {
        list: [
          {
            arn: {
              "Fn::Sub":
                "arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:drift-guard-${Stage}-changes",
            },
          },
        ],
        count: 1,
      },
    );
    assert.deepEqual(substituted("123456789012"), { Ref: "AWS::AccountId" });
    assert.deepEqual(substituted("drift-guard-ci"), { "Fn::Sub": "drift-guard-${Stage}" });
  });

  it("is nothing that is part of a longer word or of another Region's name", () => {
    for (const text of [
      "drift-guard-cicd",
      "1123456789012",
      "eu-west-12",
      "us-east-1",
      "arn:aws-cn:iam::1",
      "ci",
    ])
      assert.equal(substituted(text), text);
  });

  it("leaves policy variables for IAM", () => {
    assert.equal(substituted("user/${aws:username}"), "user/${aws:username}");
    assert.deepEqual(substituted("arn:aws:iam::123456789012:user/${aws:username}"), {
      "Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:user/${!aws:username}",
    });
  });

  it("leaves references as they are", () => {
    const reference = {
      value: { "Fn::Join": ["", [{ "Fn::GetAtt": ["Findings", "Arn"] }, "/index/byDue"]] },
    };
    assert.deepEqual(substitute(reference), reference);
  });
});
