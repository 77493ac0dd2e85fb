import type { CloudTrailClient } from "@aws-sdk/client-cloudtrail";
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import type { LambdaClient } from "@aws-sdk/client-lambda";
import { DescribeHubCommand, type SecurityHubClient } from "@aws-sdk/client-securityhub";
import type { SNSClient } from "@aws-sdk/client-sns";
import type { SQSClient } from "@aws-sdk/client-sqs";
import type { STSClient } from "@aws-sdk/client-sts";
import type { Read } from "@drift-guard/core/model/deployed";
import type { Subscriber } from "@drift-guard/core/model/test-message";
import type { DeploymentReader } from "@drift-guard/core/ports";
import { DeliveryError } from "../delivery/delivery-error.ts";
import { listSubscribers } from "../delivery/subscribers.ts";
import { errorCodeOf } from "../failure.ts";
import { readFunction } from "./functions.ts";
import { readIdentity } from "./identity.ts";
import { readQueue } from "./queues.ts";
import { readResult } from "./read.ts";
import { readRule, testPattern } from "./rules.ts";
import { readSchedule } from "./schedule.ts";
import { readTable } from "./tables.ts";
import { readTrails } from "./trails.ts";

/** The clients of a reader: those of the guard's Region, and by Region where a deployment has more than one. */
export interface DeploymentClients {
  readonly sts: STSClient;
  readonly lambda: LambdaClient;
  readonly dynamodb: DynamoDBClient;
  readonly hub: SecurityHubClient;
  trailsIn(region: string): CloudTrailClient;
  eventsIn(region: string): EventBridgeClient;
  queuesIn(region: string): SQSClient;
  topicsIn(region: string): SNSClient;
}

/** Settings of a reader. */
export interface DeploymentReaderOptions {
  /** The guard's Region. */
  readonly region: string;
  /** Endpoint of EventBridge Scheduler in place of AWS's own; undefined for AWS's. */
  readonly schedulerEndpoint: string | undefined;
  now(): Date;
}

/** Creates the reader of a deployment. It calls nothing but what reads, and throws nothing. */
export function createDeploymentReader(
  clients: DeploymentClients,
  { region: home, schedulerEndpoint, now }: DeploymentReaderOptions,
): DeploymentReader {
  return {
    identity: () => readIdentity(clients.sts, now),
    trails: (region) => readTrails(clients.trailsIn, region),
    rule: (rule) => readRule(clients.eventsIn(rule.region), rule),
    matches: (region, pattern, event) => testPattern(clients.eventsIn(region), pattern, event),
    queue: (region, name) => readQueue(clients.queuesIn(region), name),
    lambda: (name) => readFunction(clients.lambda, name),
    table: (name) => readTable(clients.dynamodb, name),
    schedule: (name) => readSchedule(clients.eventsIn(home), name, schedulerEndpoint),
    hub: () => readHub(clients.hub),
    subscribers: (region, topic) => readSubscribers(clients.topicsIn(region), topic),
  };
}

async function readHub(client: SecurityHubClient): Promise<Read<true>> {
  return readResult(
    async () => {
      await client.send(new DescribeHubCommand({}));
      return true as const;
    },
    // What it answers where it is not enabled.
    { permission: "securityhub:DescribeHub", absent: /^(InvalidAccess|ResourceNotFound)$/ },
  );
}

async function readSubscribers(client: SNSClient, topic: string): Promise<Read<readonly Subscriber[]>> {
  try {
    return { status: "read", value: await listSubscribers(client, topic) };
  } catch (error) {
    if (!(error instanceof DeliveryError)) throw error;
    return errorCodeOf(error.cause) === "NotFound"
      ? { status: "absent" }
      : { status: "unknown", why: error.message };
  }
}
