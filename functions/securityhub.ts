import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { SecurityHubClient } from "@aws-sdk/client-securityhub";
import { SNSClient } from "@aws-sdk/client-sns";
import { DeliveryError } from "@drift-guard/aws/delivery/delivery-error";
import { createHubWorkflows } from "@drift-guard/aws/delivery/hub-workflows";
import { createFindingImporter } from "@drift-guard/aws/delivery/securityhub";
import { type Notice, publishNotice } from "@drift-guard/aws/delivery/sns";
import { createControlStore } from "@drift-guard/aws/dynamodb/control";
import { createFindingStore } from "@drift-guard/aws/dynamodb/findings";
import { createHubStore } from "@drift-guard/aws/dynamodb/hub";
import { functionEnvironments } from "@drift-guard/core/config/environment";
import { MessageUnreadableError } from "@drift-guard/core/errors";
import { type HubEvent, isHubEvent, parseHubEvent } from "@drift-guard/core/intake/hub-event";
import type { FindingImporter, FindingStore, HubStore, HubWorkflows } from "@drift-guard/core/ports";
import { formatAsff } from "@drift-guard/formats/asff";
import {
  type EndedSuppression,
  formatHubChat,
  formatHubText,
  type HubAnswer,
  type HubNotice,
} from "@drift-guard/formats/hub-notice";
import type { QuietEnd } from "@drift-guard/guard/delivery/current-findings";
import { importIntoHub } from "@drift-guard/guard/delivery/hub-access";
import { type HubNews, takeHubEvents } from "@drift-guard/guard/delivery/hub-answers";
import type { SQSBatchResponse } from "aws-lambda";
import { type AnnouncementPorts, announce } from "./shared/announcement.ts";
import { sdkClientSettings } from "./shared/client-settings.ts";
import { configuration } from "./shared/configuration.ts";
import { findAwaited } from "./shared/delivery.ts";
import { readEnvironment } from "./shared/environment.ts";
import { defineFunction, type FunctionLocation, type Handler, type Invocation } from "./shared/function.ts";
import { consumeQueue, type QueueMessage, readQueue } from "./shared/queue.ts";
import { noteUnreadable } from "./shared/unreadable-items.ts";

/** The ports that the exchange with Security Hub works with. */
export interface SecurityHubPorts extends AnnouncementPorts {
  readonly findings: Pick<FindingStore, "load" | "findDelivery" | "markDelivered">;
  readonly importer: FindingImporter;
  readonly workflows: HubWorkflows;
  readonly hub: HubStore;
  /** Sends a notice to the topic's subscribers. */
  send(notice: Notice): Promise<void>;
}

/**
 * Creates the handler of the two Security Hub queues. Of transitions, it imports the findings of a batch in as few calls as
 * possible, and marks the transitions as delivered; where Security Hub is not enabled, they stay unmarked for the next sweep.
 * Of Security Hub's own events, it takes what people did with the guard's findings. `open` returns the ports for an
 * invocation.
 */
export function createHandler(
  open: (location: FunctionLocation, functionName: string) => SecurityHubPorts,
): Handler<SQSBatchResponse> {
  return defineFunction("securityhub", async (event, invocation) => {
    const { location } = invocation;
    const opened = open(location, invocation.context.functionName);
    const { findings } = opened;
    const tell = (notice: HubNotice) => tellPeople(notice, opened);
    const ports = {
      ...opened,
      tellDisabled: (since: string) => tell({ kind: "disabled", ...location, since }),
      tellNews: async (news: readonly HubNews[]) => tell(await noticeOf(news, opened, invocation)),
      tellQuietEnded: async (ended: readonly QuietEnd[]) => {
        const findings: EndedSuppression[] = [];
        for (const { transition, endedAt } of ended) {
          const names = [invocation.context.functionName, "securityhub"] as const;
          findings.push({ announcement: await announce(transition, opened, names), endedAt });
        }
        await tell({ kind: "ended", findings });
      },
    };
    const received = readQueue(event);
    const events = received.filter(({ body }) => isHubEvent(body));
    const { readable, unreadable } = readEvents(events, location);
    const failures = new Map([...unreadable, ...(await takeHubEvents(readable, location.account, ports))]);
    const messages = received.filter(({ body }) => !isHubEvent(body));
    const { awaited, end } = await findAwaited(messages, "securityhub", findings, invocation);
    const outcome = await importIntoHub([...awaited.values()], location.account, ports);
    if (outcome.status === "disabled") {
      invocation.logger.warn(
        "Security Hub is not enabled, so nothing was imported. The next sweep after it is enabled imports the findings.",
        { findings: awaited.size },
      );
    }
    return consumeQueue(event, invocation, async ({ messageId, body }) => {
      if (isHubEvent(body)) {
        if (failures.has(messageId)) throw failures.get(messageId);
        return;
      }
      const delivery = awaited.get(messageId);
      if (!delivery) return end({ messageId, body });
      if (outcome.status === "disabled") return;
      const { transition } = delivery;
      const why = outcome.refused.get(transition.finding.id);
      if (why !== undefined) {
        throw new DeliveryError(`Security Hub refused the finding ${transition.finding.id}: ${why}`);
      }
      await findings.markDelivered(transition, "securityhub");
    });
  });
}

/** Returns the events of messages, and why the others cannot be read, by message id. */
function readEvents(
  messages: readonly QueueMessage[],
  location: FunctionLocation,
): {
  readonly readable: ReadonlyMap<string, HubEvent>;
  readonly unreadable: ReadonlyMap<string, unknown>;
} {
  const readable = new Map<string, HubEvent>();
  const unreadable = new Map<string, unknown>();
  for (const { messageId, body } of messages) {
    try {
      readable.set(messageId, parseHubEvent(body, location));
    } catch (error) {
      if (!(error instanceof MessageUnreadableError)) throw error;
      unreadable.set(messageId, error);
    }
  }
  return { readable, unreadable };
}

async function noticeOf(
  news: readonly HubNews[],
  ports: AnnouncementPorts,
  { context: { functionName } }: Invocation,
): Promise<HubNotice> {
  const answers: HubAnswer[] = [];
  for (const { transition, ...rest } of news) {
    answers.push({ ...rest, announcement: await announce(transition, ports, [functionName, "securityhub"]) });
  }
  const [only, ...more] = answers;
  return only && more.length === 0 ? only : { kind: "several", answers };
}

async function tellPeople(notice: HubNotice, { send }: Pick<SecurityHubPorts, "send">): Promise<void> {
  const { subject, body } = formatHubText(notice);
  await send({ subject, text: body, chat: formatHubChat(notice) });
}

const securityhub = new SecurityHubClient(sdkClientSettings);
const dynamodb = new DynamoDBClient(sdkClientSettings);
const sns = new SNSClient(sdkClientSettings);

/** The handler that Lambda calls. */
export const handler = createHandler((location, functionName) => {
  const { FINDINGS_TABLE, CONTROL_TABLE, TOPIC_ARN } = readEnvironment(functionEnvironments.securityhub);
  const ports = {
    control: createControlStore(dynamodb, { table: CONTROL_TABLE }),
    config: configuration,
    now: () => new Date(),
  };
  return {
    ...ports,
    findings: createFindingStore(dynamodb, { table: FINDINGS_TABLE, sinks: ["securityhub"] }),
    hub: createHubStore(dynamodb, { table: FINDINGS_TABLE, onUnreadable: noteUnreadable }),
    workflows: createHubWorkflows(securityhub, location),
    importer: createFindingImporter(securityhub, async ({ transition, renewedAt }) =>
      formatAsff(await announce(transition, ports, [functionName, "securityhub"]), location, renewedAt),
    ),
    send: (notice) => publishNotice(sns, TOPIC_ARN, notice),
  };
});
