/// <reference path="../../../.sst/platform/config.d.ts" />
import { findingKeys } from "@drift-guard/core/store/keys";
import { alarmOnMissed, alarmOnStreamAge } from "./delivery-alarms.ts";
import type { Foundation } from "./foundation.ts";
import { alarmOnFailures } from "./function-alarms.ts";
import { createLambda } from "./lambda.ts";
import { allowAnnouncing, allowSending } from "./permissions.ts";
import { createMissedQueue } from "./queues.ts";

/**
 * Creates the function that puts new transitions on the guard's own bus. Trigger: the findings table's stream, of which
 * it is the only reader.
 */
export function createPublish({ location, findings, bus, board }: Foundation): void {
  const missed = createMissedQueue("StreamMissed");
  const publish = createLambda("Publish", location, {
    description: "Puts new transitions on the guard's own event bus",
    timeoutSeconds: 60,
    environment: { BUS_NAME: bus.name },
    permissions: allowAnnouncing(bus),
    lambdaCalls: [
      {
        actions: ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"],
        resources: [findings.nodes.table.streamArn],
      },
      { actions: ["dynamodb:ListStreams"], resources: ["*"] },
      ...allowSending(missed),
    ],
  });
  findings.subscribe("Publish", publish.arn, {
    filters: [
      {
        eventName: ["INSERT"],
        dynamodb: {
          Keys: { sk: { S: [{ prefix: findingKeys.anyTransition }, { prefix: findingKeys.firstReport }] } },
        },
      },
    ],
    transform: {
      eventSourceMapping: {
        startingPosition: "TRIM_HORIZON",
        batchSize: 100,
        // The function fails as a whole: halving the batch isolates the one record that it cannot publish.
        bisectBatchOnFunctionError: true,
        maximumRetryAttempts: 10,
        destinationConfig: { onFailure: { destinationArn: missed.arn } },
      },
    },
  });
  alarmOnMissed("StreamMissed", missed, { essential: true }, board);
  alarmOnStreamAge("Publish", board);
  alarmOnFailures("publish", {}, board);
}
