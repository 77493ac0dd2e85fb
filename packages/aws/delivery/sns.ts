import { PublishCommand, type SNSClient } from "@aws-sdk/client-sns";
import { toDeliveryError } from "./delivery-error.ts";

/** A message in the forms in which a topic's subscribers want it. */
export interface Notice {
  readonly subject: string;
  /** For people: e-mail, and every protocol that has no form of its own. */
  readonly text: string;
  /** For chat: JSON in the schema of Amazon Q Developer, which subscribes by HTTPS. */
  readonly chat: string;
}

// SNS takes 262,144 bytes with all forms and their names together; some are left for the escapes of JSON.
const largest = { message: 262_144, subject: 99 };

/** Publishes one message to a topic; text that is too long is cut with a mark. Throws `DeliveryError`. */
export async function publishNotice(client: SNSClient, topicArn: string, notice: Notice): Promise<void> {
  try {
    await client.send(
      new PublishCommand({
        TopicArn: topicArn,
        Subject: fitSubject(notice.subject),
        MessageStructure: "json",
        Message: fitMessage(notice),
      }),
    );
  } catch (error) {
    throw toDeliveryError(`The topic ${topicArn}`, error, "sns:Publish");
  }
}

/** A subject as SNS takes it: printable ASCII on one line, beginning with no blank, under 100 characters. */
export function fitSubject(subject: string): string {
  const line = subject.replace(/\s+/g, " ").replace(/[^\x20-\x7e]/g, "?");
  return line.trim().slice(0, largest.subject) || "drift-guard";
}

/** The message in SNS's own JSON, within its limit: chat goes first where both do not fit, then the text is cut. */
export function fitMessage({ text, chat }: Notice): string {
  const whole = JSON.stringify({ default: text, https: chat });
  if (Buffer.byteLength(whole) <= largest.message) return whole;
  let kept = text.length;
  for (;;) {
    const cut =
      kept === text.length ? text : `${text.slice(0, kept).replace(/[\uD800-\uDBFF]$/, "")}…\n(cut)\n`;
    const message = JSON.stringify({ default: cut });
    if (Buffer.byteLength(message) <= largest.message) return message;
    kept >>= 1;
  }
}
