import { sweepMetrics } from "@drift-guard/core/config/metrics";
import type { Resource } from "@drift-guard/infra/synth/synthesis";
import type { PriceName } from "./prices.ts";

/** What happens in an account in a month. */
export interface Activity {
  /** Calls to IAM and AWS Batch that the rules match. */
  readonly calls: number;
  /** Those of them that concern a watched role. */
  readonly watchedCalls: number;
  /** AWS Batch's events about failed jobs and blocked queues. */
  readonly symptoms: number;
  readonly watchedRoles: number;
  readonly transitions: number;
  readonly mails: number;
  /** Stored in both tables. */
  readonly storedGb: number;
}

/** The two accounts of the page. */
export const activities = {
  quiet: {
    calls: 300,
    watchedCalls: 20,
    symptoms: 50,
    watchedRoles: 5,
    transitions: 4,
    mails: 2,
    storedGb: 0.005,
  },
  busy: {
    calls: 30_000,
    watchedCalls: 2_000,
    symptoms: 20_000,
    watchedRoles: 50,
    transitions: 600,
    mails: 200,
    storedGb: 0.5,
  },
} as const satisfies Readonly<Record<string, Activity>>;

/** What was assumed of the functions; nothing of it was measured in AWS. */
export const assumptions = {
  hoursOfMonth: 730,
  /**
   * Lambda polls an idle queue with five connections, or as many as the mapping's maximum concurrency, for 20 s each
   * (docs/aws-facts.md, "DynamoDB, SQS and Lambda").
   */
  pollers: 5,
  pollsPerMinute: 3,
  /** Send and delete, and a receipt beyond the polling. */
  requestsPerMessage: 3,
  /** A call that concerns no watched role, or an alike symptom: parsed, and at most one look-up. */
  secondsPerOtherEvent: 0.3,
  secondsPerInspection: 1.5,
  secondsPerSweep: 5,
  secondsPerRoleOfSweep: 0.5,
  comparingGb: 1,
  otherGb: 0.25,
  /** publish, notify, securityhub, rollback. */
  invocationsPerTransition: 4,
  secondsPerDelivery: 0.5,
  logKbPerInvocation: 2,
  readsPerInspection: 20,
  writesPerInspection: 10,
  writesPerTransition: 30,
  /** Rules of AWS Config that look at a role or a policy. */
  configRules: 3,
} as const;

/** Units used in a month, by price. */
export type Usage = Readonly<Partial<Record<PriceName, number>>>;

/** Returns what the guard of these resources uses in a month with this activity. */
export function useGuard(resources: readonly Resource[], activity: Activity): Usage {
  const ofType = (type: string) => resources.filter((resource) => resource.type === type);
  const { hoursOfMonth, comparingGb, otherGb } = assumptions;
  const sweeps = hoursOfMonth / sweepHoursOf(ofType("aws:scheduler/schedule:Schedule"));
  // Each watched call is followed by a recheck.
  const inspections = 2 * activity.watchedCalls;
  const otherEvents = activity.calls - activity.watchedCalls + activity.symptoms;
  const deliveries = assumptions.invocationsPerTransition * activity.transitions;
  const invocations = inspections + otherEvents + sweeps + deliveries;
  const inspected = inspections + sweeps * activity.watchedRoles;
  const secondsOfSweep =
    assumptions.secondsPerSweep + assumptions.secondsPerRoleOfSweep * activity.watchedRoles;
  const compared =
    inspections * assumptions.secondsPerInspection +
    otherEvents * assumptions.secondsPerOtherEvent +
    sweeps * secondsOfSweep;
  const messages = activity.calls + activity.watchedCalls + activity.symptoms + 3 * activity.transitions;
  const isForwarded = ofType("aws:cloudwatch/eventRule:EventRule").some(
    ({ region }, _, rules) => region !== rules[0]?.region,
  );
  const hasHub = resources.some(({ name }) => name === "HubImporterFunction");
  return {
    alarm: ofType("aws:cloudwatch/metricAlarm:MetricAlarm")
      .map(countMetrics)
      .reduce((a, b) => a + b, 0),
    compositeAlarm: ofType("aws:cloudwatch/compositeAlarm:CompositeAlarm").length,
    // Others are emitted only when something is wrong.
    metric: (Object.keys(sweepMetrics).length * Math.min(sweeps, hoursOfMonth)) / hoursOfMonth,
    logs: (invocations * assumptions.logKbPerInvocation) / 1_000_000,
    queue:
      ofType("aws:lambda/eventSourceMapping:EventSourceMapping")
        .map(countPolls)
        .reduce((a, b) => a + b, 0) +
      messages * assumptions.requestsPerMessage,
    invocation: invocations,
    compute: compared * comparingGb + deliveries * assumptions.secondsPerDelivery * otherGb,
    write:
      inspected * assumptions.writesPerInspection + activity.transitions * assumptions.writesPerTransition,
    read: inspected * assumptions.readsPerInspection,
    storage: activity.storedGb,
    backup: activity.storedGb,
    event: activity.transitions + (isForwarded ? (activity.calls + activity.symptoms) / 2 : 0),
    email: activity.mails,
    ...(hasHub && { hubFinding: activity.transitions }),
  };
}

/** Returns what AWS Config uses for the same account: it records every role and policy, whichever of them are watched. */
export function useConfig({ calls }: Activity): Usage {
  return { configItem: calls, configEvaluation: calls * assumptions.configRules };
}

/** An alarm is billed for each metric that it reads. */
function countMetrics({ inputs }: Resource): number {
  const { metricQueries } = inputs;
  if (!Array.isArray(metricQueries)) return 1;
  return metricQueries.filter((query: unknown) => query instanceof Object && "metric" in query).length;
}

/** Requests to SQS in a month by which Lambda polls an idle queue; it polls a table's stream for nothing. */
function countPolls({ inputs: { eventSourceArn, scalingConfig } }: Resource): number {
  if (!String(eventSourceArn).includes(":sqs:")) return 0;
  const most =
    scalingConfig instanceof Object && "maximumConcurrency" in scalingConfig
      ? Number(scalingConfig.maximumConcurrency)
      : assumptions.pollers;
  return Math.min(most, assumptions.pollers) * assumptions.pollsPerMinute * 60 * assumptions.hoursOfMonth;
}

function sweepHoursOf([schedule]: readonly Resource[]): number {
  const [, hours] = /^rate\((\d+) hours?\)$/.exec(String(schedule?.inputs.scheduleExpression)) ?? [];
  return Number(hours);
}
