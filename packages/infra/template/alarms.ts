import * as z from "zod";
import type { JsonValue } from "../synth/synthesis.ts";
import { omitUndefined, type Translate } from "./translation.ts";

const Dimensions = z.record(z.string(), z.string());

const MetricQuery = z.strictObject({
  id: z.string(),
  expression: z.string().optional(),
  returnData: z.boolean().optional(),
  metric: z
    .strictObject({
      namespace: z.string(),
      metricName: z.string(),
      dimensions: Dimensions,
      stat: z.string(),
      period: z.number(),
    })
    .optional(),
});

const described = {
  region: z.string().optional(),
  alarmActions: z.array(z.string()),
  alarmDescription: z.string(),
};

const Alarm = z.strictObject({
  ...described,
  name: z.string(),
  comparisonOperator: z.string(),
  datapointsToAlarm: z.number().optional(),
  dimensions: Dimensions.optional(),
  evaluationPeriods: z.number(),
  metricName: z.string().optional(),
  metricQueries: z.array(MetricQuery).optional(),
  namespace: z.string().optional(),
  period: z.number().optional(),
  statistic: z.string().optional(),
  threshold: z.number(),
  treatMissingData: z.string(),
});

/** Translates an alarm. */
export const translateAlarm: Translate = ({ inputs, outputs }) => {
  const alarm = Alarm.parse(inputs);
  return {
    type: "AWS::CloudWatch::Alarm",
    verbatim: omitUndefined({ AlarmName: outputs.name }),
    properties: omitUndefined({
      AlarmActions: alarm.alarmActions,
      AlarmDescription: alarm.alarmDescription,
      ComparisonOperator: alarm.comparisonOperator,
      DatapointsToAlarm: alarm.datapointsToAlarm,
      Dimensions: alarm.dimensions && listDimensions(alarm.dimensions),
      EvaluationPeriods: alarm.evaluationPeriods,
      MetricName: alarm.metricName,
      Metrics: alarm.metricQueries?.map(translateQuery),
      Namespace: alarm.namespace,
      Period: alarm.period,
      Statistic: alarm.statistic,
      Threshold: alarm.threshold,
      TreatMissingData: alarm.treatMissingData,
    }),
  };
};

function translateQuery({ id, expression, returnData, metric }: z.infer<typeof MetricQuery>): JsonValue {
  return omitUndefined({
    Id: id,
    Expression: expression,
    // CloudFormation returns the data of each query that does not say otherwise, and an alarm takes those of one.
    ReturnData: returnData ?? false,
    MetricStat: metric && {
      Metric: {
        Namespace: metric.namespace,
        MetricName: metric.metricName,
        Dimensions: listDimensions(metric.dimensions),
      },
      Period: metric.period,
      Stat: metric.stat,
    },
  });
}

function listDimensions(dimensions: z.infer<typeof Dimensions>): JsonValue {
  return Object.entries(dimensions).map(([name, value]): JsonValue => ({ Name: name, Value: value }));
}

const CompositeAlarm = z.strictObject({ ...described, alarmName: z.string(), alarmRule: z.string() });

/** Translates an alarm on other alarms. */
export const translateCompositeAlarm: Translate = ({ inputs, outputs }) => {
  const alarm = CompositeAlarm.parse(inputs);
  return {
    type: "AWS::CloudWatch::CompositeAlarm",
    verbatim: omitUndefined({ AlarmName: outputs.name }),
    properties: {
      AlarmActions: alarm.alarmActions,
      AlarmDescription: alarm.alarmDescription,
      AlarmRule: alarm.alarmRule,
    },
  };
};

const LogGroup = z.strictObject({ name: z.string(), retentionInDays: z.number() });

/** Translates a log group. */
export const translateLogGroup: Translate = ({ inputs }) => {
  const { name, retentionInDays } = LogGroup.parse(inputs);
  return {
    type: "AWS::Logs::LogGroup",
    verbatim: { LogGroupName: name },
    properties: { RetentionInDays: retentionInDays },
  };
};
