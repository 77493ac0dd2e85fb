import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { omitUnknownAlarms } from "@drift-guard/local/deployment/template";

describe("a template without the alarms that the emulator does not know", () => {
  it("has no list member that refers to one, and the rest as it was", () => {
    const arnOf = (id: string) => ({ "Fn::GetAtt": [id, "Arn"] });
    const rest = {
      Type: "AWS::CloudWatch::Alarm",
      Properties: { AlarmName: "age", Threshold: 1, Actions: [null] },
    };
    const policy = (...sources: readonly ReturnType<typeof arnOf>[]) => ({
      Type: "AWS::SNS::TopicPolicy",
      Properties: {
        PolicyDocument: { Statement: [{ Condition: { ArnEquals: { "aws:SourceArn": sources } } }] },
      },
    });
    const template = {
      AWSTemplateFormatVersion: "2010-09-09",
      Description: "Two alarms",
      Resources: {
        Age: rest,
        Missed: {
          Type: "AWS::CloudWatch::Alarm",
          Properties: { Metrics: [{ Id: "e", Expression: "DIFF(m)" }] },
        },
        Blind: { Type: "AWS::CloudWatch::CompositeAlarm", Properties: { AlarmRule: "TRUE" } },
        Policy: policy(arnOf("Missed"), arnOf("Age"), arnOf("Blind")),
      },
      Outputs: {},
    } as const;
    assert.deepEqual(omitUnknownAlarms(template), {
      ...template,
      Resources: { Age: rest, Policy: policy(arnOf("Age")) },
    });
  });
});
