/// <reference path="../../../.sst/platform/config.d.ts" />
import type { Config } from "@drift-guard/core/config/config";
import type { FunctionName } from "@drift-guard/core/config/environment";
import { alarmedMetrics, forgedItems, sweepMetrics } from "@drift-guard/core/config/metrics";
import { type AlarmBoard, createAlarm } from "./alarms.ts";
import { metricsNamespace, nameIn } from "./names.ts";

/**
 * Creates the alarms on invocations of a function that failed, and that Lambda did not start. What a queue or stream
 * delivers is tried again, so that one failure in 15 minutes raises no alarm. `everyError` is for a function that people
 * call: nothing tries again for them.
 */
export function alarmOnFailures(
  name: FunctionName,
  { everyError = false, blinding = false }: { readonly everyError?: boolean; readonly blinding?: boolean },
  board: AlarmBoard,
): void {
  const { location } = board;
  const dimensions = { FunctionName: nameIn("function", name) };
  const raised = { evaluationPeriods: 15, datapointsToAlarm: 2 };
  const means = everyError
    ? "failed, and who called it got an error"
    : "failed in two minutes of 15, and each failure is tried again";
  createAlarm(
    `${titleOf(name)}Errors`,
    {
      metric: { namespace: "AWS/Lambda", metricName: "Errors", dimensions, statistic: "Sum" },
      ...(!everyError && { raised }),
      description: `The function ${nameIn("function", name)} ${means}. Its log says why: ${readLog(name, '"ERROR"', board)}`,
      essential: false,
      blinding,
    },
    board,
  );
  createAlarm(
    `${titleOf(name)}Throttles`,
    {
      metric: { namespace: "AWS/Lambda", metricName: "Throttles", dimensions, statistic: "Sum" },
      raised,
      description: `Lambda does not start the function ${nameIn("function", name)}: the account's concurrency is used up, or the function's own is limited. Its limit: aws lambda get-function-concurrency --region ${location.region} --function-name ${nameIn("function", name)}`,
      essential: false,
      blinding,
    },
    board,
  );
}

/** What an alarm on a metric of a function says, and which deployments have it. */
interface MetricAlarmText {
  /** A sentence. */
  readonly means: string;
  /** The text by which the log's entries about it are found. */
  readonly pattern: string;
  readonly essential: boolean;
}

/** Creates an alarm on the metric that a function counts for people. `component` is the alarm's name in the stack. */
export function alarmOnMetric(
  component: string,
  name: keyof typeof alarmedMetrics,
  text: MetricAlarmText,
  board: AlarmBoard,
): void {
  createMetricAlarm(component, [name, alarmedMetrics[name]], text, board);
}

/** Creates an alarm on items of the findings table that a function found to be forged. */
export function alarmOnForgedItems(
  name: (typeof forgedItems.functions)[number],
  { essential }: { readonly essential: boolean },
  board: AlarmBoard,
): void {
  createMetricAlarm(
    `${titleOf(name)}ForgedItems`,
    [name, forgedItems.metric],
    {
      means:
        "Items of drift-guard's findings table were edited, added or deleted by somebody else, or cannot be read. They were not used.",
      pattern: "were edited, added or deleted",
      essential,
    },
    board,
  );
}

/**
 * Creates the alarm on the sweep's heartbeat: raised once no sweep was complete for twice its period. It is evaluated by the
 * hour, because an alarm looks a few values further back than it is told to.
 */
export function alarmOnMissingSweeps({ sweepHours }: Pick<Config, "sweepHours">, board: AlarmBoard): void {
  const hours = 2 * sweepHours;
  createAlarm(
    "SweepsMissing",
    {
      metric: {
        namespace: metricsNamespace,
        metricName: sweepMetrics.completed,
        dimensions: { service: "sweep" },
        statistic: "Sum",
      },
      raised: {
        comparisonOperator: "LessThanThreshold",
        threshold: 1,
        period: 3600,
        evaluationPeriods: hours,
        datapointsToAlarm: hours,
        treatMissingData: "breaching",
      },
      description: `No sweep of drift-guard was complete in ${hours} hours, so that drift which no event reported is not found. The log of ${nameIn("function", "sweep")} says why, or that none was started: ${readLog("sweep", "?ERROR ?WARN ?Swept", board, hours)}`,
      essential: true,
      blinding: true,
    },
    board,
  );
}

function createMetricAlarm(
  component: string,
  [name, metricName]: readonly [service: FunctionName, metric: string],
  { means, pattern, essential }: MetricAlarmText,
  board: AlarmBoard,
): void {
  createAlarm(
    component,
    {
      metric: { namespace: metricsNamespace, metricName, dimensions: { service: name }, statistic: "Sum" },
      description: `${means} The log of ${nameIn("function", name)} has the details: ${readLog(name, `"${pattern}"`, board)}`,
      essential,
    },
    board,
  );
}

function titleOf(name: FunctionName): string {
  return name === "securityhub" ? "SecurityHub" : `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
}

function readLog(name: FunctionName, pattern: string, { location }: AlarmBoard, hours = 1): string {
  return `aws logs tail /aws/lambda/${nameIn("function", name)} --region ${location.region} --since ${hours}h --filter-pattern '${pattern}'`;
}
