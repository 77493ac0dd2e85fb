import { CloudTrailClient } from "@aws-sdk/client-cloudtrail";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { SQSClient } from "@aws-sdk/client-sqs";
import { createTrailReader } from "@drift-guard/aws/cloudtrail/history";
import { createLookupQueue, createRecheckQueue } from "@drift-guard/aws/delivery/sqs";
import { createChangeStore } from "@drift-guard/aws/dynamodb/changes";
import { createFindingStore } from "@drift-guard/aws/dynamodb/findings";
import { functionEnvironments } from "@drift-guard/core/config/environment";
import { parseLookupRequest } from "@drift-guard/core/intake/lookup-message";
import { lookUpRole } from "@drift-guard/guard/lookup/lookup";
import type { LookupPorts } from "@drift-guard/guard/ports";
import type { SQSBatchResponse } from "aws-lambda";
import { sdkClientSettings } from "./shared/client-settings.ts";
import { readEnvironment } from "./shared/environment.ts";
import { defineFunction, type FunctionLocation, type Handler } from "./shared/function.ts";
import { describeGuard, type OpenedGuard, sinks } from "./shared/guard.ts";
import { openPostponement } from "./shared/postponement.ts";
import { consumeQueue } from "./shared/queue.ts";

/**
 * Creates the handler of the lookups queue: it searches CloudTrail's event history for what no event told about a role's
 * findings. `open` returns the ports for an invocation.
 */
export function createHandler(
  open: (location: FunctionLocation) => OpenedGuard<LookupPorts>,
): Handler<SQSBatchResponse> {
  return defineFunction("lookup", async (event, invocation) => {
    const { logger, location } = invocation;
    const { ports, settings, postpone } = open(location);
    return consumeQueue(
      event,
      invocation,
      async ({ messageId, body }) => {
        const request = parseLookupRequest(body);
        const report = await lookUpRole(request, ports, settings);
        logger.info("Looked up a role in CloudTrail", { messageId, role: request.role, ...report });
      },
      postpone,
    );
  });
}

const dynamodb = new DynamoDBClient(sdkClientSettings);
const sqs = new SQSClient(sdkClientSettings);
const trail = createTrailReader((region) => new CloudTrailClient({ ...sdkClientSettings, region }));

/** The handler that Lambda calls. */
export const handler = createHandler((location) => {
  const { FINDINGS_TABLE, CHANGES_QUEUE_URL, LOOKUPS_QUEUE_URL } = readEnvironment(
    functionEnvironments.lookup,
  );
  const now = () => new Date();
  return {
    ports: {
      findings: createFindingStore(dynamodb, { table: FINDINGS_TABLE, sinks }),
      changes: createChangeStore(dynamodb, { table: FINDINGS_TABLE, now }),
      rechecks: createRecheckQueue(sqs, CHANGES_QUEUE_URL),
      lookups: createLookupQueue(sqs, LOOKUPS_QUEUE_URL),
      trail,
      now,
    },
    settings: describeGuard(location),
    postpone: openPostponement(LOOKUPS_QUEUE_URL),
  };
});
