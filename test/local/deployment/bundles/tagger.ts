import { IAMClient, TagRoleCommand } from "@aws-sdk/client-iam";
import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import type { SQSHandler } from "aws-lambda";

const iam = new IAMClient();
const sqs = new SQSClient();

/** Tags the role named by each message, then sends the name to another queue. A missing role fails the message. */
export const handler: SQSHandler = async ({ Records }) => {
  for (const { body } of Records) {
    await iam.send(new TagRoleCommand({ RoleName: body, Tags: [{ Key: "seen", Value: "yes" }] }));
    await sqs.send(new SendMessageCommand({ QueueUrl: process.env.DONE_QUEUE_URL, MessageBody: body }));
  }
};
