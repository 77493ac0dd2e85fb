/// <reference path="../../../.sst/platform/config.d.ts" />
import type { Foundation } from "./foundation.ts";
import { locateIn } from "./location.ts";
import { createPolicy } from "./policies.ts";

/** ARNs of the managed policies for people, which the owner attaches to their roles. */
export interface PeoplePolicies {
  readonly operator: $util.Output<string>;
  readonly viewer: $util.Output<string>;
}

/**
 * Creates the managed policies for people: `operator` may answer (approve, suppress, pause) and read what the guard
 * stores and could not process; `viewer` may read the tables, and see how many messages could not be processed.
 */
export function createPeoplePolicies({ location, findings, control }: Foundation): PeoplePolicies {
  const tables = {
    Sid: "ReadTables",
    Effect: "Allow",
    Action: ["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan"],
    Resource: [findings.arn, $interpolate`${findings.arn}/index/*`, control.arn],
  };
  const readMissed = (actions: readonly string[]) => ({
    Sid: "ReadMissedMessages",
    Effect: "Allow",
    Action: ["sqs:GetQueueAttributes", "sqs:GetQueueUrl", ...actions],
    // Those of other regions have their region at the end.
    Resource: ["*-missed", "*-missed-*"].map(
      (name) =>
        $interpolate`arn:${location.partition}:sqs:*:${location.account}:${$app.name}-${$app.stage}-${name}`,
    ),
  });
  const answer = {
    Sid: "Answer",
    Effect: "Allow",
    Action: ["lambda:InvokeFunction"],
    Resource: location.account.apply((account) => locateIn(location, account).respond),
  };
  const policy = (component: string, description: string, Statement: readonly object[]) =>
    createPolicy(component, description, $jsonStringify({ Version: "2012-10-17", Statement })).arn;
  return {
    operator: policy("Operator", "Lets people answer drift-guard and read what it stores", [
      answer,
      tables,
      readMissed(["sqs:ReceiveMessage"]),
    ]),
    viewer: policy("Viewer", "Lets people read what drift-guard stores", [tables, readMissed([])]),
  };
}
