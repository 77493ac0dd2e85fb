import {
  DescribeRuleCommand,
  type EventBridgeClient,
  ListTargetsByRuleCommand,
  TestEventPatternCommand,
} from "@aws-sdk/client-eventbridge";
import type { DeployedRule, Read } from "@drift-guard/core/model/deployed";
import type { RuleAddress } from "@drift-guard/core/ports";
import { lacks, readResult } from "./read.ts";

const absent = /^ResourceNotFound$/;

/** Reads a rule (`events:DescribeRule`) and its targets (`events:ListTargetsByRule`). Throws nothing. */
export async function readRule(
  client: EventBridgeClient,
  { name, bus }: RuleAddress,
): Promise<Read<DeployedRule>> {
  const onBus = bus === undefined ? {} : { EventBusName: bus };
  const rule = await readResult(() => client.send(new DescribeRuleCommand({ Name: name, ...onBus })), {
    permission: "events:DescribeRule",
    absent,
  });
  if (rule.status !== "read") return rule;
  const { State, EventPattern = "" } = rule.value;
  if (State === undefined) return lacks("events:DescribeRule", "state");
  const targets = await readResult(
    async () => {
      // A rule has at most five targets, which fit one page.
      const { Targets = [] } = await client.send(new ListTargetsByRuleCommand({ Rule: name, ...onBus }));
      return Targets.flatMap(({ Arn, DeadLetterConfig }) =>
        Arn === undefined
          ? []
          : [{ arn: Arn, ...(DeadLetterConfig?.Arn !== undefined && { deadLetters: DeadLetterConfig.Arn }) }],
      );
    },
    { permission: "events:ListTargetsByRule", absent },
  );
  return { status: "read", value: { state: State, pattern: EventPattern, targets } };
}

/** Asks EventBridge whether a pattern matches an event (`events:TestEventPattern`). Throws nothing. */
export async function testPattern(
  client: EventBridgeClient,
  pattern: string,
  event: object,
): Promise<Read<boolean>> {
  const answer = await readResult(
    () => client.send(new TestEventPatternCommand({ EventPattern: pattern, Event: JSON.stringify(event) })),
    { permission: "events:TestEventPattern" },
  );
  if (answer.status !== "read") return answer;
  const { Result } = answer.value;
  return Result === undefined
    ? lacks("events:TestEventPattern", "result")
    : { status: "read", value: Result };
}
