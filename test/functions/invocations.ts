import type { Context } from "aws-lambda";
import { account } from "../builders.ts";

/** The context of an invocation that has this much time left. */
export function aContext(remainingMs = 60_000, functionName = "guard"): Context {
  const fail = () => {
    throw new Error("A handler answers by its promise.");
  };
  return {
    callbackWaitsForEmptyEventLoop: false,
    functionName,
    functionVersion: "$LATEST",
    invokedFunctionArn: `arn:aws:lambda:us-east-1:${account}:function:${functionName}`,
    memoryLimitInMB: "256",
    awsRequestId: "0f3a1d43-6f2b-4a86-9f6d-000000000001",
    logGroupName: "guard",
    logStreamName: "guard",
    getRemainingTimeInMillis: () => remainingMs,
    done: fail,
    fail,
    succeed: fail,
  };
}

/** An SQS event of messages; each gets its number as its id. */
export function queueEvent(...bodies: readonly string[]) {
  return {
    Records: bodies.map((body, index) => ({
      messageId: String(index + 1),
      receiptHandle: "r",
      body,
      attributes: {},
      messageAttributes: {},
      eventSource: "aws:sqs",
      eventSourceARN: `arn:aws:sqs:us-east-1:${account}:queue`,
      awsRegion: "us-east-1",
    })),
  };
}

/** The answer by which a function gives these messages back to their queue. */
export function givenBack(...ids: readonly string[]) {
  return { batchItemFailures: ids.map((itemIdentifier) => ({ itemIdentifier })) };
}
