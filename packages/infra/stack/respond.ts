/// <reference path="../../../.sst/platform/config.d.ts" />
import { labelDescription } from "@drift-guard/core/config/fingerprint";
import type { Foundation } from "./foundation.ts";
import { alarmOnFailures, alarmOnMetric } from "./function-alarms.ts";
import { comparingMemory, createLambda } from "./lambda.ts";
import { allowControlReads, allowSending, iamArn } from "./permissions.ts";
import type { RollbackDeployment } from "./rollback.ts";

/**
 * Creates the function that takes people's answers. Trigger: none but a direct invocation by people who have the policy
 * `operator`; it has no URL, so that only IAM decides who may call it. It asks the Region's STS who signed an answer.
 */
export function createRespond(
  { config, location, control, changes, topic, board }: Foundation,
  rollback: RollbackDeployment | undefined,
): void {
  createLambda("Responder", location, {
    description: labelDescription(
      "Takes people's answers: approve, undo, suppress, reopen, evaluate, pause, resume, enable, reset, close",
      config,
    ),
    timeoutSeconds: 60,
    // It says what the undoing of a rollback accepts.
    memory: comparingMemory,
    environment: {
      CONTROL_TABLE: control.name,
      CHANGES_QUEUE_URL: changes.queue.url,
      TOPIC_ARN: topic.arn,
      ROLLBACK_QUEUE_URL: rollback?.queue.url,
    },
    permissions: [
      // The ARN of a session does not have its role's path.
      { actions: ["iam:GetRole"], resources: [iamArn(location, "role/*")] },
      ...allowControlReads(control),
      { actions: ["dynamodb:PutItem"], resources: [control.arn] },
      ...allowSending(changes.queue),
      ...(rollback ? allowSending(rollback.queue) : []),
      { actions: ["sns:Publish"], resources: [topic.arn] },
    ],
    lambdaCalls: [],
  });
  alarmOnFailures("respond", { everyError: true }, board);
  alarmOnMetric(
    "AnswersNotAnnounced",
    "respond",
    {
      means:
        "An answer counts, and people were not told of it, or the guard acts on it only at the next sweep.",
      pattern: "Took an answer",
      essential: true,
    },
    board,
  );
}
