import type { Transition } from "@drift-guard/core/model/transition";
import type { Context } from "aws-lambda";
import { account } from "../builders.ts";

/** The context of an invocation. `remainingMs` is the time that it has left, or a function that returns it. */
export function aContext(remainingMs: number | (() => number) = 60_000, functionName = "guard"): Context {
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
    getRemainingTimeInMillis: () => (typeof remainingMs === "number" ? remainingMs : remainingMs()),
    done: fail,
    fail,
    succeed: fail,
  };
}

/** The context of an invocation that has a minute left, and 3 seconds once `spend` is called. */
export function anInvocationTime(): { readonly context: Context; spend(): void } {
  let remainingMs = 60_000;
  return {
    context: aContext(() => remainingMs),
    spend: () => {
      remainingMs = 3_000;
    },
  };
}

/** An SQS event of messages with these bodies. Each message has its number, from 1, as its id. */
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

/** The body of the message that the rule of the guard's bus sends for a transition. */
export function busMessage(transition: Transition): string {
  return JSON.stringify({
    version: "0",
    source: "drift-guard",
    "detail-type": "Transition",
    detail: transition,
  });
}

/** The response that returns these messages to their queue and no others. */
export function failedMessages(...ids: readonly string[]) {
  return { batchItemFailures: ids.map((itemIdentifier) => ({ itemIdentifier })) };
}
