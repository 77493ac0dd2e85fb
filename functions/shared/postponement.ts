import { SQSClient } from "@aws-sdk/client-sqs";
import { createPostponement } from "@drift-guard/aws/delivery/sqs";
import { sdkClientSettings } from "./client-settings.ts";
import type { Postpone } from "./queue.ts";

// One short attempt, at the end of an invocation: a message that is not postponed returns after its visibility timeout.
const sqs = new SQSClient({
  ...sdkClientSettings,
  maxAttempts: 1,
  requestHandler: { ...sdkClientSettings.requestHandler, connectionTimeout: 1_000, requestTimeout: 2_000 },
});

/** Opens the postponement of failed messages of the function's queue. */
export function openPostponement(queueUrl: string): Postpone {
  return createPostponement(sqs, queueUrl);
}
