import { clockSlackMs, type Instant } from "../model/instant.ts";
import type { Message } from "./message.ts";

/**
 * Returns why a message does not come from AWS for the guarded account, or undefined if it may. Such a message is forged or
 * misrouted: the stack's rules match events of the guarded account only.
 */
export function whyForeign(message: Message, account: string): string | undefined {
  switch (message.kind) {
    case "irrelevant":
      return message.foreign === true ? message.why : undefined;
    case "change":
      return whyOtherAccount(message.change.account, account);
    case "symptom":
      return whyOtherAccount(message.symptom.account, account);
    case "recheck":
      return undefined;
  }
}

function whyOtherAccount(named: string, account: string): string | undefined {
  return named === account
    ? undefined
    : `it is about account ${JSON.stringify(named.slice(0, 64))}, and the guard watches ${account}`;
}

// EventBridge retries for a day (docs/aws-facts.md, "EventBridge delivery"). A message lasts 14 days, and 14 more if it is
// moved back from the dead-letter queue (docs/aws-facts.md, "DynamoDB, SQS and Lambda").
const oldestDays = 29;

/**
 * Whether an event of a time may still arrive for the first time at `now`. An older event is a replay, and one of the
 * future is forged: either leads to a read of the role and to nothing else.
 */
export function isTimely(at: Instant, now: Date): boolean {
  const age = now.getTime() - Date.parse(at);
  return age <= oldestDays * 86_400_000 && age >= -clockSlackMs;
}
