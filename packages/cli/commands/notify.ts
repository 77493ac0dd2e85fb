import { randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { type Deployment, locateDeployment } from "@drift-guard/core/config/deployment";
import type { SentTestMessage, Subscriber } from "@drift-guard/core/model/test-message";
import { sanitise } from "@drift-guard/formats/printable";
import { adviseOnStage, identifyLiveAccount } from "../account-source.ts";
import { type Command, type ExitCode, parseOptions, UsageError } from "../command.ts";
import { loadConfig } from "../config.ts";
import { formatDocument } from "../output/json.ts";
import { NotifyTestOutput } from "../output/notify.ts";
import { type Terminal, wrap } from "../terminal.ts";

const options = {
  test: { type: "boolean", default: false },
  stage: { type: "string", value: "a NAME" },
  config: { type: "string", value: "a FILE" },
  json: { type: "boolean", default: false },
} as const;

/** `notify`: shows whether the guard's messages reach people. */
export const notify: Command = {
  help: `Shows whether the guard's messages reach people: sends one message, marked as
a test, through the guard's bus, queue and topic, and lists who is subscribed.

Usage: drift-guard notify --test --stage NAME [--config FILE] [--json]

  --test         send the test message. Every confirmed subscriber gets it
  --stage NAME   the guard that was deployed as this stage, in the account of
                 the AWS SDK's credentials and the Region of the configuration
                 (regions.guard). Needs the policy drift-guard-NAME-operator
  --config FILE  configuration with that Region
  --json         print one JSON document (docs/schemas/notify-test.schema.json)

Exit codes: 0 it was sent to the topic, and somebody is subscribed; 1 nobody
is; 2 it was not sent within a minute, or that could not be determined.
`,
  run: testMessages,
};

async function testMessages(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { test, stage, config: file, json } = parseOptions("notify", args, options);
  if (!test) throw new UsageError("notify sends a message only with --test. See drift-guard notify --help.");
  if (stage === undefined) {
    throw new UsageError(
      "Name the deployed guard with --stage NAME. A guard that is not deployed sends no messages: deploy it first, or see its messages in drift-guard local.",
    );
  }
  const config = await loadConfig(file);
  const { account, partition } = await identifyLiveAccount(adviseOnStage(stage));
  const place = locateDeployment({ stage, region: config.regions.guard, account, partition });
  const id = randomUUID();
  const { subscribers, sent } = await sendTest(id, place, terminal);
  const heard = subscribers.some(({ confirmed }) => confirmed);
  const exitCode = sent === undefined ? 2 : heard ? 0 : 1;
  await terminal.print(
    ...(json
      ? [
          formatDocument(NotifyTestOutput, {
            schema: 1,
            account,
            stage,
            exitCode,
            id,
            ...(sent && { sentAt: sent.sentAt }),
            subscribers,
          }),
        ]
      : // Addresses and commands stay whole.
        describeResult(id, place, subscribers, sent).flatMap((line) =>
          line.startsWith("  ") ? [line] : wrap(line, terminal.columns),
        )),
  );
  return exitCode;
}

const maxSeconds = 60;

async function sendTest(
  id: string,
  { account, region, bus, topic, findings: table }: Deployment,
  terminal: Terminal,
): Promise<{ readonly subscribers: readonly Subscriber[]; readonly sent?: SentTestMessage }> {
  const [{ SNSClient }, { EventBridgeClient }, { DynamoDBClient }, subscribersOf, messages, stores] =
    await Promise.all([
      import("@aws-sdk/client-sns"),
      import("@aws-sdk/client-eventbridge"),
      import("@aws-sdk/client-dynamodb"),
      import("@drift-guard/aws/delivery/subscribers"),
      import("@drift-guard/aws/delivery/test-message"),
      import("@drift-guard/aws/dynamodb/notices"),
    ]);
  const subscribers = await subscribersOf.listSubscribers(new SNSClient({ region }), topic);
  await messages.requestTestMessage(new EventBridgeClient({ region }), bus, { id });
  const notices = stores.createNoticeStore(new DynamoDBClient({ region }), { table });
  try {
    for (let second = 0; second < maxSeconds; second += 1) {
      terminal.progress(`Waiting for the guard to send the test message, ${second} s`);
      const sent = await notices.findTest(account, id);
      if (sent) return { subscribers, sent };
      await wait(1000);
    }
    return { subscribers };
  } finally {
    terminal.progress("");
  }
}

function describeResult(
  id: string,
  { stage, bus, topic, region }: Deployment,
  subscribers: readonly Subscriber[],
  sent: SentTestMessage | undefined,
): readonly string[] {
  const confirmed = subscribers.filter((each) => each.confirmed).length;
  const lines = subscribers.map(
    ({ protocol, address, confirmed: isConfirmed }) =>
      `  ${isConfirmed ? "confirmed" : "waits    "}  ${sanitise(protocol, 20)}  ${sanitise(address, 100)}`,
  );
  return [
    sent
      ? `The guard sent the test message ${id} to its topic at ${sent.sentAt}.`
      : `The test message ${id} reached the bus ${bus}, and the guard did not send it within ${maxSeconds} s. Look at the alarms of the queue notify and at the log of the function drift-guard-${stage}-notify (docs/alarms.md).`,
    ...(confirmed === 0
      ? [
          "NOBODY HEARS THE GUARD: no subscription of its topic is confirmed.",
          ...lines,
          "Name addresses in the configuration (emails) and deploy again, or subscribe one by hand and confirm it:",
          `  aws sns subscribe --region ${region} --topic-arn ${topic} --protocol email --notification-endpoint ADDRESS`,
        ]
      : [
          `${confirmed} of ${subscribers.length} ${subscribers.length === 1 ? "subscription is" : "subscriptions are"} confirmed. Ask one of them whether the message came: it says TEST.`,
          ...lines,
        ]),
  ];
}
