import { hubEventSource, hubEventTypes } from "@drift-guard/core/intake/hub-event";
import { type HubPlace, hubGenerator, hubProductOf } from "@drift-guard/core/model/hub";
import { partitionOf } from "../stack/regions.ts";

/**
 * Returns the CloudFormation template for the administrator account of an organisation's Security Hub, as text: a rule that
 * forwards custom actions on the findings of one guarded account to that account's default event bus, and the rule's role.
 * Security Hub raises a custom action's event in the account where somebody chose it. A changed workflow needs no
 * forwarding: the guarded account gets its event.
 */
export function renderHubForwarding({ account, region }: Omit<HubPlace, "partition">): string {
  const partition = partitionOf(region);
  const bus = `arn:${partition}:events:${region}:${account}:event-bus/default`;
  const statement = (Action: string, rest: object) => ({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action, ...rest }],
  });
  const template = {
    AWSTemplateFormatVersion: "2010-09-09",
    Description: `Forwards custom actions of Security Hub on findings of drift-guard to account ${account}`,
    Resources: {
      Forwarder: {
        Type: "AWS::IAM::Role",
        Properties: {
          Description: `Lets EventBridge put events on the default bus of account ${account}`,
          AssumeRolePolicyDocument: statement("sts:AssumeRole", {
            Principal: { Service: "events.amazonaws.com" },
            Condition: { StringEquals: { "aws:SourceAccount": { Ref: "AWS::AccountId" } } },
          }),
          Policies: [
            { PolicyName: "forward", PolicyDocument: statement("events:PutEvents", { Resource: bus }) },
          ],
        },
      },
      Rule: {
        Type: "AWS::Events::Rule",
        Properties: {
          Description: `Custom actions on findings of drift-guard in account ${account}`,
          EventPattern: {
            source: [hubEventSource],
            "detail-type": [hubEventTypes.action],
            detail: {
              findings: {
                ProductArn: [hubProductOf({ account, region, partition })],
                GeneratorId: [{ prefix: hubGenerator }],
              },
            },
          },
          Targets: [{ Id: "guarded-account", Arn: bus, RoleArn: { "Fn::GetAtt": ["Forwarder", "Arn"] } }],
        },
      },
    },
  };
  return JSON.stringify(template, undefined, 2);
}
