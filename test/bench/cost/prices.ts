/** A list price, and where it stands. */
export interface Price {
  /** US dollars for one unit. */
  readonly usd: number;
  readonly unit: string;
  readonly source: string;
}

/** The month in which the prices were read. */
export const pricesReadIn = "2026-11";

const perMillion = (usd: number, unit: string, source: string): Price => ({
  usd: usd / 1_000_000,
  unit,
  source,
});

const cloudwatch = "https://aws.amazon.com/cloudwatch/pricing/";
const lambda = "https://aws.amazon.com/lambda/pricing/";
const dynamodb = "https://aws.amazon.com/dynamodb/pricing/on-demand/";
const config = "https://aws.amazon.com/config/pricing/";

/** List prices of us-east-1 in US dollars, without free tiers and without volume discounts. */
export const prices = {
  alarm: { usd: 0.1, unit: "metric of an alarm, month", source: cloudwatch },
  compositeAlarm: { usd: 0.5, unit: "composite alarm, month", source: cloudwatch },
  metric: { usd: 0.3, unit: "metric of one's own, month (by the hour)", source: cloudwatch },
  logs: { usd: 0.5, unit: "GB of logs", source: cloudwatch },
  queue: perMillion(0.4, "request to SQS", "https://aws.amazon.com/sqs/pricing/"),
  invocation: perMillion(0.2, "invocation", lambda),
  compute: { usd: 0.0000133334, unit: "GB-second on Arm", source: lambda },
  write: perMillion(0.625, "write request unit", dynamodb),
  read: perMillion(0.125, "read request unit", dynamodb),
  storage: { usd: 0.25, unit: "GB in tables, month", source: dynamodb },
  backup: { usd: 0.2, unit: "GB of point-in-time recovery, month", source: dynamodb },
  event: perMillion(
    1,
    "event on an own bus, or forwarded to another Region",
    "https://aws.amazon.com/eventbridge/pricing/",
  ),
  email: { usd: 0.00002, unit: "mail by SNS", source: "https://aws.amazon.com/sns/pricing/" },
  hubFinding: {
    usd: 0.00003,
    unit: "finding taken in by Security Hub",
    source: "https://aws.amazon.com/security-hub/pricing/",
  },
  configItem: { usd: 0.003, unit: "configuration item, recorded continuously", source: config },
  configEvaluation: { usd: 0.001, unit: "evaluation of a rule", source: config },
} as const satisfies Readonly<Record<string, Price>>;

/** Name of a price. */
export type PriceName = keyof typeof prices;
