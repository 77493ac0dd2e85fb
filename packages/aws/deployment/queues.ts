import { GetQueueAttributesCommand, GetQueueUrlCommand, type SQSClient } from "@aws-sdk/client-sqs";
import type { DeployedQueue, Read } from "@drift-guard/core/model/deployed";
import * as z from "zod";
import { lacks, readResult } from "./read.ts";

const absent = /NonExistentQueue|QueueDoesNotExist/;
const Redrive = z.looseObject({ deadLetterTargetArn: z.string() });

/** Reads a queue by its name (`sqs:GetQueueUrl`, `sqs:GetQueueAttributes`). Throws nothing. */
export async function readQueue(client: SQSClient, name: string): Promise<Read<DeployedQueue>> {
  const found = await readResult(() => client.send(new GetQueueUrlCommand({ QueueName: name })), {
    permission: "sqs:GetQueueUrl",
    absent,
  });
  if (found.status !== "read") return found;
  const { QueueUrl } = found.value;
  if (QueueUrl === undefined) return lacks("sqs:GetQueueUrl", "address");
  const answer = await readResult(
    () => client.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] })),
    { permission: "sqs:GetQueueAttributes", absent },
  );
  if (answer.status !== "read") return answer;
  const { Attributes = {} } = answer.value;
  const counts = [
    Attributes.ApproximateNumberOfMessages,
    Attributes.ApproximateNumberOfMessagesNotVisible,
    Attributes.ApproximateNumberOfMessagesDelayed,
  ].map((text) => Number(text ?? Number.NaN));
  const messages = counts.reduce((sum, each) => sum + each, 0);
  if (!Number.isInteger(messages)) return lacks("sqs:GetQueueAttributes", "number of messages");
  const deadLetters = readRedrive(Attributes.RedrivePolicy);
  return {
    status: "read",
    value: {
      messages,
      ...(Attributes.Policy && { policy: Attributes.Policy }),
      ...(deadLetters !== undefined && { deadLetters }),
    },
  };
}

function readRedrive(text: string | undefined): string | undefined {
  try {
    return Redrive.safeParse(JSON.parse(text ?? "")).data?.deadLetterTargetArn;
  } catch {
    return undefined;
  }
}
