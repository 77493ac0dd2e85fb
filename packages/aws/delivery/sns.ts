import { PublishCommand, type SNSClient } from "@aws-sdk/client-sns";
import { toDeliveryError } from "./delivery-error.ts";

/** One notification, in the forms that the subscribers of a topic receive. */
export interface Notice {
  /** The subject of the e-mail. */
  readonly subject: string;
  /** Plain text, for e-mail and every protocol other than HTTPS. */
  readonly text: string;
  /** JSON in the schema of Amazon Q Developer in chat applications, which subscribes by HTTPS. */
  readonly chat: string;
  /** JSON for functions of Lambda and streams of Amazon Data Firehose, which get the text without it. */
  readonly json?: string;
  /** Message attributes of type String, which filter policies of subscriptions match; at most 10. */
  readonly attributes?: Readonly<Record<string, string>>;
}

// docs/aws-facts.md, "SNS and chat": a form for each protocol; the limit covers all forms with their names, and the attributes.
const limits = { messageBytes: 262_144, subjectLength: 99 };

/**
 * Publishes a notice to a topic (`sns:Publish`), shortened to SNS's limits by `fitSubject` and `fitMessage`. Throws
 * `DeliveryError`.
 */
export async function publishNotice(client: SNSClient, topicArn: string, notice: Notice): Promise<void> {
  try {
    await client.send(
      new PublishCommand({
        TopicArn: topicArn,
        Subject: fitSubject(notice.subject),
        MessageStructure: "json",
        Message: fitMessage(notice),
        MessageAttributes: Object.fromEntries(
          Object.entries(notice.attributes ?? {}).map(([name, StringValue]) => [
            name,
            { DataType: "String", StringValue },
          ]),
        ),
      }),
    );
  } catch (error) {
    throw toDeliveryError(`The topic ${topicArn}`, error, "sns:Publish");
  }
}

/**
 * Returns the subject as SNS accepts it: at most 99 characters of printable ASCII on one line, without leading blanks.
 * Other characters become question marks; an empty subject becomes "drift-guard".
 */
export function fitSubject(subject: string): string {
  const line = subject.replace(/\s+/g, " ").replace(/[^\x20-\x7e]/g, "?");
  return line.trim().slice(0, limits.subjectLength) || "drift-guard";
}

/**
 * Returns the notice as JSON of SNS's `MessageStructure`, within its limit. If the forms do not fit together, first the JSON
 * form is left out, then the chat form; if the text alone does not fit, it is cut and marked.
 */
export function fitMessage({ text, chat, json, attributes = {} }: Notice): string {
  const sizes = Object.entries(attributes).map(([name, value]) => Buffer.byteLength(`${name}String${value}`));
  const limit = limits.messageBytes - sizes.reduce((sum, size) => sum + size, 0);
  const people = { default: text, https: chat };
  const all = { ...people, ...(json !== undefined && { lambda: json, firehose: json }) };
  for (const forms of [all, people]) {
    const message = JSON.stringify(forms);
    if (Buffer.byteLength(message) <= limit) return message;
  }
  let kept = text.length;
  for (;;) {
    const cut =
      kept === text.length ? text : `${text.slice(0, kept).replace(/[\uD800-\uDBFF]$/, "")}…\n(cut)\n`;
    const message = JSON.stringify({ default: cut });
    if (Buffer.byteLength(message) <= limit) return message;
    kept >>= 1;
  }
}
