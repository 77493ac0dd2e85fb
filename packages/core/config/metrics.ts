import type { FunctionName } from "./environment.ts";

/**
 * The metric of a function that counts what people must look at: the stack sets an alarm on each. No other metric is
 * emitted: CloudWatch bills each one for every hour in which it is (docs/aws-facts.md, "Alarms and metrics").
 */
export const alarmedMetrics = {
  /** Messages that no rule of the guard delivers. */
  detect: "ForeignMessages",
  /** Answers that count, and of which people were not told, or on which the guard acts only at the next sweep. */
  respond: "AnswersNotAnnounced",
  /** Messages about transitions that the findings table does not hold. */
  notify: "TransitionsMissing",
  securityhub: "TransitionsMissing",
} as const satisfies Partial<Record<FunctionName, string>>;

/** The metric of forged items of the findings table, and the functions that count it and have an alarm on it. */
export const forgedItems = {
  metric: "ForgedItems",
  functions: ["detect", "sweep", "rollback", "notify", "securityhub"],
} as const satisfies { readonly metric: string; readonly functions: readonly FunctionName[] };

/** The metrics of the sweep that tell whether it still reads every role. */
export const sweepMetrics = {
  /** 1 for each sweep that read every watched role, and AWS Batch in every Region, and failed nowhere. Its absence raises the alarm. */
  completed: "SweepsCompleted",
} as const;

type MetricName =
  | (typeof alarmedMetrics)[keyof typeof alarmedMetrics]
  | (typeof forgedItems)["metric"]
  | (typeof sweepMetrics)[keyof typeof sweepMetrics];

/** Adds to a metric of a function. */
export type CountMetric = (metric: MetricName, count: number) => void;
