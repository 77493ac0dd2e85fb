import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { SNSClient } from "@aws-sdk/client-sns";
import { SQSClient } from "@aws-sdk/client-sqs";
import { isRefusedDelivery } from "@drift-guard/aws/delivery/delivery-error";
import { isReportMessage } from "@drift-guard/aws/delivery/report";
import { type Notice, publishNotice } from "@drift-guard/aws/delivery/sns";
import { createNoticeQueue } from "@drift-guard/aws/delivery/sqs";
import { parseTestMessage } from "@drift-guard/aws/delivery/test-message";
import { createControlStore } from "@drift-guard/aws/dynamodb/control";
import { createFindingStore } from "@drift-guard/aws/dynamodb/findings";
import { createHubStore } from "@drift-guard/aws/dynamodb/hub";
import { createNoticeStore } from "@drift-guard/aws/dynamodb/notices";
import { createReportStore } from "@drift-guard/aws/dynamodb/reports";
import { joinByFinding } from "@drift-guard/core/announcement/notices";
import { digestWait } from "@drift-guard/core/announcement/wait";
import type { Config } from "@drift-guard/core/config/config";
import { functionEnvironments } from "@drift-guard/core/config/environment";
import { isJointNoticeRequest } from "@drift-guard/core/intake/notice-message";
import { instantOf } from "@drift-guard/core/model/instant";
import type { TransitionRef } from "@drift-guard/core/model/notice-state";
import type { TestMessage } from "@drift-guard/core/model/test-message";
import type { Transition } from "@drift-guard/core/model/transition";
import type { FindingStore, HubStore, NoticeQueue, NoticeStore, ReportStore } from "@drift-guard/core/ports";
import type { Announcement } from "@drift-guard/formats/announcement";
import { formatAttributes } from "@drift-guard/formats/attributes";
import { formatChat } from "@drift-guard/formats/chat";
import { formatDigest } from "@drift-guard/formats/digest";
import { formatJson } from "@drift-guard/formats/json";
import { formatTestMessage } from "@drift-guard/formats/test-message";
import { formatText } from "@drift-guard/formats/text";
import { forgetNotice, scheduleNotices, tellAndMark, tellHeld } from "@drift-guard/guard/delivery/notices";
import { findSilent } from "@drift-guard/guard/delivery/silence";
import type { SQSBatchResponse } from "aws-lambda";
import { type AnnouncementPorts, announce } from "./shared/announcement.ts";
import { sdkClientSettings } from "./shared/client-settings.ts";
import { configuration } from "./shared/configuration.ts";
import { findAwaited, reportMissing } from "./shared/delivery.ts";
import { readEnvironment } from "./shared/environment.ts";
import { sendFirstReport } from "./shared/first-report.ts";
import { defineFunction, type Handler, type Invocation } from "./shared/function.ts";
import { openPostponement } from "./shared/postponement.ts";
import { consumeQueue, type Postpone, readQueue } from "./shared/queue.ts";
import { noteUnreadable } from "./shared/unreadable-items.ts";

/** The ports that notify works with. */
export interface NotifyPorts extends AnnouncementPorts {
  readonly config: AnnouncementPorts["config"] & Pick<Config, "notify">;
  readonly findings: Pick<FindingStore, "findDelivery" | "markDelivered">;
  readonly notices: NoticeStore;
  /** What users of Security Hub did with findings; left out where the owner does not use it. */
  readonly hub?: Pick<HubStore, "loadFinding">;
  /** The first report of a new deployment; left out where there is none, as in an embedded guard. */
  readonly reports?: ReportStore;
  readonly queue: NoticeQueue;
  /** Left out where failed messages return after the visibility timeout of their queue. */
  readonly postpone?: Postpone;
  /** Seconds that a transition may wait for others, at most 60. */
  readonly holdSeconds: number;
  /** Sends a notice to the topic's subscribers. */
  send(notice: Notice): Promise<void>;
}

/**
 * Creates the handler of the notify queue: it tells people of each transition, as the findings table has it, with what the
 * guard does about the finding at this time, and marks the transition as delivered. In a storm, transitions wait for a
 * joint message, which a request in the same queue sends (core/announcement). A transition that is already marked is not
 * sent again. One of which people are not told (`findSilent`) is marked without a message. `open` returns the ports for an
 * invocation.
 */
export function createHandler(open: () => NotifyPorts): Handler<SQSBatchResponse> {
  return defineFunction("notify", async (event, invocation) => {
    const opened = open();
    const { account } = invocation.location;
    const { holdSeconds, config } = opened;
    const settings = { account, holdSeconds, information: config.notify.information };
    const ports = {
      ...opened,
      findSilent: (transitions: readonly Transition[]) =>
        findSilent(transitions, account, {
          ...opened,
          standingOf: async (transition) => (await announceHere(transition, opened, invocation)).standing,
        }),
      tell: (transitions: readonly Transition[], id: string) => tell(transitions, id, opened, invocation),
      onMissing: ({ role, findingId, seq }: TransitionRef) =>
        reportMissing({ transition: `${findingId}#${seq}`, role }, "notify", invocation),
    };
    const messages = readQueue(event).filter(
      ({ body }) =>
        !isJointNoticeRequest(body) && parseTestMessage(body) === undefined && !isReportMessage(body),
    );
    const { awaited, end } = await findAwaited(messages, "notify", ports.findings, invocation);
    const transitions = [...awaited.values()].map(({ transition }) => transition);
    const { silent, waiting } = await ports.findSilent(transitions);
    const fates = await scheduleNotices(
      transitions.filter(({ id }) => !silent.has(id) && !waiting.has(id)),
      ports,
      settings,
    );
    return consumeQueue(
      event,
      invocation,
      async ({ messageId, body }) => {
        if (isJointNoticeRequest(body)) return tellHeld(ports, settings);
        const test = parseTestMessage(body);
        if (test) return sendTest(test, ports, account);
        if (isReportMessage(body)) return sendFirstReport(opened, invocation);
        const delivery = awaited.get(messageId);
        if (!delivery) return end({ messageId, body });
        const { transition } = delivery;
        // The sweep announces it again, once the first report is made.
        if (waiting.has(transition.id)) return;
        if (silent.has(transition.id)) return ports.findings.markDelivered(transition, "notify");
        switch (fates.get(transition.id)) {
          case "held":
          case "later":
            return;
          case "silent":
            return ports.findings.markDelivered(transition, "notify");
          case "left":
            invocation.logger.error(
              "So many transitions wait for a joint message that this one was left. The sweep announces it again.",
              { transition: transition.id },
            );
            return;
          default:
            try {
              await tellAndMark([transition], ports);
            } catch (error) {
              if (isRefusedDelivery(error)) await forgetNotice(transition, ports, settings);
              throw error;
            }
        }
      },
      opened.postpone,
    );
  });
}

async function sendTest(
  { id }: TestMessage,
  { send, notices, now }: NotifyPorts,
  account: string,
): Promise<void> {
  await send(formatTestMessage(id, account));
  await notices.recordTest(account, id, { sentAt: instantOf(now()) });
}

async function tell(
  transitions: readonly Transition[],
  id: string,
  { send, ...ports }: NotifyPorts,
  invocation: Invocation,
): Promise<ReadonlyMap<string, string>> {
  const announcements: Announcement[] = [];
  for (const { transition, before } of joinByFinding(transitions)) {
    const announcement = await announceHere(transition, ports, invocation);
    announcements.push({ ...announcement, ...(before.length > 0 && { before, messageId: id }) });
  }
  const [only, ...others] = announcements;
  if (only && others.length === 0) {
    const { subject, body: text } = formatText(only);
    const forms = { text, chat: formatChat(only), json: formatJson(only) };
    await send({ subject, ...forms, attributes: formatAttributes(only) });
  } else {
    for (const { announcements: _, ...digest } of formatDigest(announcements, id)) await send(digest);
  }
  return new Map(
    announcements.flatMap(({ transition, standing }) => {
      const wait = digestWait(standing);
      return wait === undefined ? [] : [[transition.id, wait] as const];
    }),
  );
}

function announceHere(
  transition: Transition,
  ports: AnnouncementPorts,
  { context: { functionName } }: Invocation,
): Promise<Announcement> {
  return announce(transition, ports, [functionName, "notify"]);
}

const sns = new SNSClient(sdkClientSettings);
const sqs = new SQSClient(sdkClientSettings);
const dynamodb = new DynamoDBClient(sdkClientSettings);

/** The handler that Lambda calls. */
export const handler = createHandler(() => {
  const environment = readEnvironment(functionEnvironments.notify);
  const { FINDINGS_TABLE, CONTROL_TABLE, TOPIC_ARN, NOTIFY_QUEUE_URL } = environment;
  return {
    findings: createFindingStore(dynamodb, { table: FINDINGS_TABLE, sinks: ["notify"] }),
    control: createControlStore(dynamodb, { table: CONTROL_TABLE }),
    notices: createNoticeStore(dynamodb, { table: FINDINGS_TABLE, onUnreadable: noteUnreadable }),
    ...(configuration.securityHub && {
      hub: createHubStore(dynamodb, { table: FINDINGS_TABLE, onUnreadable: noteUnreadable }),
    }),
    reports: createReportStore(dynamodb, { table: FINDINGS_TABLE, onUnreadable: noteUnreadable }),
    queue: createNoticeQueue(sqs, NOTIFY_QUEUE_URL),
    postpone: openPostponement(NOTIFY_QUEUE_URL),
    holdSeconds: configuration.holdSeconds,
    config: configuration,
    now: () => new Date(),
    send: (notice) => publishNotice(sns, TOPIC_ARN, notice),
  };
});
