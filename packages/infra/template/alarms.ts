import * as z from "zod";
import type { JsonValue } from "../synth/synthesis.ts";
import { omitUndefined, type Translate } from "./translation.ts";

const Alarm = z.strictObject({
  name: z.string(),
  region: z.string().optional(),
  alarmActions: z.array(z.string()),
  alarmDescription: z.string(),
  comparisonOperator: z.string(),
  dimensions: z.record(z.string(), z.string()),
  evaluationPeriods: z.number(),
  metricName: z.string(),
  namespace: z.string(),
  period: z.number(),
  statistic: z.string(),
  threshold: z.number(),
  treatMissingData: z.string(),
});

/** Translates an alarm. */
export const translateAlarm: Translate = ({ inputs, outputs }) => {
  const alarm = Alarm.parse(inputs);
  return {
    type: "AWS::CloudWatch::Alarm",
    verbatim: omitUndefined({ AlarmName: outputs.name }),
    properties: {
      AlarmActions: alarm.alarmActions,
      AlarmDescription: alarm.alarmDescription,
      ComparisonOperator: alarm.comparisonOperator,
      Dimensions: Object.entries(alarm.dimensions).map(
        ([name, value]): JsonValue => ({ Name: name, Value: value }),
      ),
      EvaluationPeriods: alarm.evaluationPeriods,
      MetricName: alarm.metricName,
      Namespace: alarm.namespace,
      Period: alarm.period,
      Statistic: alarm.statistic,
      Threshold: alarm.threshold,
      TreatMissingData: alarm.treatMissingData,
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
