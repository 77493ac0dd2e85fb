import * as z from "zod";
import type { JsonValue, Resource } from "../synth/synthesis.ts";
import { jsonDocument, omitUndefined, TemplateError, type Translate } from "./translation.ts";

const Bus = z.strictObject({ name: z.string() });

/** Translates an event bus. */
export const translateBus: Translate = ({ inputs }) => ({
  type: "AWS::Events::EventBus",
  verbatim: { Name: Bus.parse(inputs).name },
  properties: {},
  output: true,
});

const Rule = z.strictObject({
  name: z.string(),
  description: z.string(),
  region: z.string().optional(),
  eventBusName: z.string().optional(),
  eventPattern: jsonDocument,
});

/** Translates a rule together with its targets, which CloudFormation writes inside the rule. */
export const translateRule: Translate = ({ inputs, outputs }, all) => {
  const { description, eventBusName, eventPattern } = Rule.parse(inputs);
  const targets = all.flatMap((other) => {
    const target = readTarget(other);
    return target !== undefined && target.rule === outputs.name ? [writeTarget(target)] : [];
  });
  return {
    type: "AWS::Events::Rule",
    verbatim: omitUndefined({ Name: outputs.name }),
    properties: omitUndefined({
      Description: description,
      EventBusName: eventBusName,
      EventPattern: eventPattern,
      State: "ENABLED",
      Targets: targets,
    }),
  };
};

const Target = z.strictObject({
  targetId: z.string(),
  rule: z.string(),
  region: z.string().optional(),
  eventBusName: z.string().optional(),
  arn: z.string(),
  roleArn: z.string().optional(),
  inputTransformer: z
    .strictObject({ inputPaths: z.record(z.string(), z.string()), inputTemplate: z.string() })
    .optional(),
  retryPolicy: z.strictObject({ maximumEventAgeInSeconds: z.number(), maximumRetryAttempts: z.number() }),
  deadLetterConfig: z.strictObject({ arn: z.string() }),
});

function readTarget({ type, inputs }: Resource) {
  return type === "aws:cloudwatch/eventTarget:EventTarget" ? Target.parse(inputs) : undefined;
}

function writeTarget(target: z.infer<typeof Target>): JsonValue {
  return omitUndefined({
    Id: target.targetId,
    Arn: target.arn,
    RoleArn: target.roleArn,
    ...(target.inputTransformer && {
      InputTransformer: {
        InputPathsMap: target.inputTransformer.inputPaths,
        InputTemplate: target.inputTransformer.inputTemplate,
      },
    }),
    RetryPolicy: {
      MaximumEventAgeInSeconds: target.retryPolicy.maximumEventAgeInSeconds,
      MaximumRetryAttempts: target.retryPolicy.maximumRetryAttempts,
    },
    DeadLetterConfig: { Arn: target.deadLetterConfig.arn },
  });
}

/** Checks that a target has a rule, whose translation includes the target. Throws `TemplateError`. */
export const translateTarget: Translate = ({ name, inputs }, all) => {
  const { rule } = Target.parse(inputs);
  const hasRule = all.some(
    ({ type, outputs }) => type === "aws:cloudwatch/eventRule:EventRule" && outputs.name === rule,
  );
  if (!hasRule)
    throw new TemplateError(`The target ${name} refers to the rule ${rule}, which is not in the stack.`);
  return undefined;
};

const Schedule = z.strictObject({
  name: z.string(),
  flexibleTimeWindow: z.strictObject({ mode: z.string() }),
  scheduleExpression: z.string(),
  state: z.string(),
  target: z.strictObject({
    arn: z.string(),
    roleArn: z.string(),
    input: z.string(),
    retryPolicy: z.strictObject({ maximumRetryAttempts: z.number() }),
    deadLetterConfig: z.strictObject({ arn: z.string() }),
  }),
});

/** Translates a schedule. */
export const translateSchedule: Translate = ({ inputs }) => {
  const { name, flexibleTimeWindow, scheduleExpression, state, target } = Schedule.parse(inputs);
  return {
    type: "AWS::Scheduler::Schedule",
    verbatim: { Name: name },
    properties: {
      FlexibleTimeWindow: { Mode: flexibleTimeWindow.mode },
      ScheduleExpression: scheduleExpression,
      State: state,
      Target: {
        Arn: target.arn,
        RoleArn: target.roleArn,
        Input: target.input,
        RetryPolicy: { MaximumRetryAttempts: target.retryPolicy.maximumRetryAttempts },
        DeadLetterConfig: { Arn: target.deadLetterConfig.arn },
      },
    },
  };
};
