import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { IAMClient } from "@aws-sdk/client-iam";
import { SNSClient } from "@aws-sdk/client-sns";
import { SQSClient } from "@aws-sdk/client-sqs";
import { publishNotice } from "@drift-guard/aws/delivery/sns";
import { createRecheckQueue, createRollbackQueue } from "@drift-guard/aws/delivery/sqs";
import { createAnswerStore } from "@drift-guard/aws/dynamodb/answers";
import { createControlStore } from "@drift-guard/aws/dynamodb/control";
import { createCallerVerifier } from "@drift-guard/aws/sts/person";
import { functionEnvironments } from "@drift-guard/core/config/environment";
import { alarmedMetrics } from "@drift-guard/core/config/metrics";
import { formatIssues } from "@drift-guard/core/issues";
import { instantOf } from "@drift-guard/core/model/instant";
import type { AnswerStore, CallerVerifier } from "@drift-guard/core/ports";
import { checkSignature, SignedAnswer } from "@drift-guard/core/respond/signature";
import { formatAnswerChat, formatAnswerText } from "@drift-guard/formats/answer";
import type { GuardSettings, RespondPorts } from "@drift-guard/guard/ports";
import { type AnswerOutcome, respond } from "@drift-guard/guard/respond/respond";
import { sdkClientSettings } from "./shared/client-settings.ts";
import { readEnvironment } from "./shared/environment.ts";
import { defineFunction, type FunctionLocation, type Handler } from "./shared/function.ts";
import { describeGuard } from "./shared/guard.ts";

/** The ports of an answer, and those that prove who gave it and that it counts once. */
export interface RespondFunctionPorts extends RespondPorts {
  readonly callers: CallerVerifier;
  readonly answers: AnswerStore;
}

/** The ports and settings with which respond handles one invocation. */
export interface OpenedRespond {
  readonly ports: RespondFunctionPorts;
  readonly settings: GuardSettings;
}

/**
 * Creates the handler that takes people's answers. It is invoked directly, and believes nothing in its event: STS says who
 * signed the answer, and the answer counts once, for this function, for five minutes. Returns what became of the answer.
 * `open` returns the ports for an invocation.
 */
export function createHandler(open: (location: FunctionLocation) => OpenedRespond): Handler<AnswerOutcome> {
  return defineFunction("respond", async (event, { context, location, logger, count }) => {
    const { ports, settings } = open(location);
    const outcome = await answer(
      event,
      { ...location, deployment: nameOf(context.invokedFunctionArn) },
      ports,
      settings,
    );
    logger.info("Took an answer", { outcome });
    if (outcome.status === "recorded" && outcome.warnings.length > 0) count(alarmedMetrics.respond, 1);
    return outcome;
  });
}

async function answer(
  event: unknown,
  place: FunctionLocation & { readonly deployment: string },
  ports: RespondFunctionPorts,
  settings: GuardSettings,
): Promise<AnswerOutcome> {
  const parsed = SignedAnswer.safeParse(event);
  if (!parsed.success) {
    return refuse(
      `The answer cannot be read. The command line may be of another version.\n${formatIssues(parsed.error, event)}`,
    );
  }
  const now = instantOf(ports.now());
  const checked = checkSignature(parsed.data, place, now);
  if (checked.status === "refused") return refuse(checked.reason);
  const proof = await ports.callers.verify(checked.request);
  if (proof.status === "refused") return refuse(proof.reason);
  // Claimed once its giver is proven, so that nobody else can use it up.
  if (!(await ports.answers.claim(place.account, checked.digest, now))) {
    return refuse(
      "The answer was given before, and counts once. If you gave it just now, it may count: drift-guard rollback status shows what is recorded.",
    );
  }
  return respond(parsed.data.answer, proof.person, ports, settings);
}

function refuse(reason: string): AnswerOutcome {
  return { status: "refused", reason };
}

// An invocation by version or alias ends its ARN with that.
function nameOf(functionArn: string): string {
  return functionArn.split(":").slice(0, 7).join(":");
}

const iam = new IAMClient(sdkClientSettings);
const dynamodb = new DynamoDBClient(sdkClientSettings);
const sqs = new SQSClient(sdkClientSettings);
const sns = new SNSClient(sdkClientSettings);

/** The handler that Lambda calls. */
export const handler = createHandler((location) => {
  const { CONTROL_TABLE, CHANGES_QUEUE_URL, TOPIC_ARN, ROLLBACK_QUEUE_URL } = readEnvironment(
    functionEnvironments.respond,
  );
  return {
    ports: {
      control: createControlStore(dynamodb, { table: CONTROL_TABLE }),
      answers: createAnswerStore(dynamodb, { table: CONTROL_TABLE }),
      callers: createCallerVerifier(iam, {
        account: location.account,
        // Set for an emulated account alone.
        endpoint: process.env.AWS_ENDPOINT_URL_STS ?? process.env.AWS_ENDPOINT_URL,
      }),
      rechecks: createRecheckQueue(sqs, CHANGES_QUEUE_URL),
      ...(ROLLBACK_QUEUE_URL && { requests: createRollbackQueue(sqs, ROLLBACK_QUEUE_URL) }),
      async tell(given) {
        const { subject, body } = formatAnswerText(given);
        await publishNotice(sns, TOPIC_ARN, { subject, text: body, chat: formatAnswerChat(given) });
      },
      now: () => new Date(),
    },
    settings: describeGuard(location),
  };
});
