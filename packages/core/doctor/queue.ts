import type { DeployedQueue, Read } from "../model/deployed.ts";
import { type Asking, askPolicy } from "./access.ts";
import { fail, joinVerdicts, judgeRead, pass, type Verdict, warn } from "./check.ts";
import type { ExpectedQueue } from "./expectation.ts";

/** The account and partition of a deployment. */
export interface PolicyPlace {
  readonly account: string;
  readonly partition: string;
}

/**
 * Judges a queue: a dead-letter queue is empty, another one has its dead-letter queue; the rules may send to it, and, where
 * the guard believes its messages, nobody else.
 */
export function judgeQueue(expected: ExpectedQueue, queue: Read<DeployedQueue>, place: PolicyPlace): Verdict {
  return judgeRead(queue, (found) =>
    joinVerdicts([judgeMessages(expected, found), judgeSenders(expected, found, place)]),
  );
}

function judgeMessages(
  { alarm, region, deadLetters: wanted }: ExpectedQueue,
  { messages, deadLetters }: DeployedQueue,
): Verdict {
  if (alarm !== undefined) {
    if (messages === 0) return pass("Empty.");
    return fail(
      `It holds ${messages} ${messages === 1 ? "message" : "messages"} that could not be delivered or processed.`,
      `Follow docs/alarms.md, "${alarm}": find the cause, start a sweep, and empty the queue.`,
      `aws cloudwatch describe-alarms --region ${region} --state-value ALARM`,
    );
  }
  if (deadLetters === wanted)
    return pass(`It holds about ${messages} ${messages === 1 ? "message" : "messages"}.`);
  return fail(
    `Its dead-letter queue is ${deadLetters ?? "missing"}, not ${wanted}: a message that fails five times is lost without an alarm.`,
    "Deploy the guard again.",
  );
}

function judgeSenders(
  { arn, rules, guarded }: ExpectedQueue,
  { policy }: DeployedQueue,
  { account, partition }: PolicyPlace,
): Verdict {
  if (policy === undefined) {
    if (rules.length === 0 && !guarded) return pass("It needs no policy.");
    return fail(
      rules.length > 0
        ? "It has no policy, so that its rules cannot send to it."
        : "It has no policy, so that others of the account can send to it.",
      "Deploy the guard again: somebody removed the policy.",
    );
  }
  const ask = (asking: Asking) =>
    askPolicy(policy, { action: "sqs:SendMessage", resource: arn, partition }, asking);
  const answers = rules.map((rule) => ({ rule, answer: ask({ rule }) }));
  const stranger = ask({ stranger: strangerOf({ account, partition }) });
  if (stranger.status === "unreadable")
    return fail(`Its policy cannot be read: ${stranger.why}`, "Deploy the guard again.");
  const refused = answers.filter(({ answer }) => answer.status !== "allowed");
  if (refused.length > 0)
    return fail(
      `Its policy does not let ${refused.map(({ rule }) => rule).join(", ")} send to it.`,
      "Deploy the guard again: somebody changed the policy.",
    );
  if (guarded && stranger.status !== "explicitDeny")
    return fail(
      "Its policy does not deny sending to the others of the account, and the guard believes what is in it.",
      "Find out in CloudTrail who changed the policy (sqs:SetQueueAttributes, sqs:AddPermission), and deploy the guard again.",
    );
  if (!guarded && stranger.status === "allowed")
    return warn(
      "Its policy lets others send to it.",
      "Find out who changed the policy, and deploy the guard again.",
    );
  return pass(guarded ? "Only the guard may send to it." : "Its rules may send to it.");
}

/** Returns the ARN of a role that is none of the guard's. It need not exist. */
export function strangerOf({ account, partition }: PolicyPlace): string {
  return `arn:${partition}:iam::${account}:role/somebody-else`;
}
