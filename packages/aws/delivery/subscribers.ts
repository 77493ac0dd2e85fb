import { paginateListSubscriptionsByTopic, type SNSClient } from "@aws-sdk/client-sns";
import type { Subscriber } from "@drift-guard/core/model/test-message";
import { toDeliveryError } from "./delivery-error.ts";

/** Lists who is subscribed to a topic (`sns:ListSubscriptionsByTopic`). Throws `DeliveryError`. */
export async function listSubscribers(client: SNSClient, TopicArn: string): Promise<readonly Subscriber[]> {
  const subscribers: Subscriber[] = [];
  try {
    for await (const { Subscriptions = [] } of paginateListSubscriptionsByTopic({ client }, { TopicArn })) {
      for (const { Protocol = "unknown", Endpoint = "", SubscriptionArn = "" } of Subscriptions) {
        subscribers.push({
          protocol: Protocol,
          address: hideAddress(Endpoint),
          // A subscription without an ARN is `PendingConfirmation`, or was ended (docs/aws-facts.md, "SNS and chat").
          confirmed: SubscriptionArn.startsWith("arn:"),
        });
      }
    }
  } catch (error) {
    throw toDeliveryError(`The topic ${TopicArn}`, error, "sns:ListSubscriptionsByTopic");
  }
  return subscribers;
}

/** Returns an address of which a reader recognises their own and cannot use others': `o…@example.com`. */
function hideAddress(address: string): string {
  const at = address.lastIndexOf("@");
  if (at > 0) return `${address.slice(0, 1)}…${address.slice(at)}`;
  return address.length <= 40 ? address : `${address.slice(0, 40)}…`;
}
