import { decide } from "@drift-guard/policy/decide";
import { parsePolicy } from "@drift-guard/policy/parse";
import { formatCause } from "../errors.ts";

/** Who asks: a rule of EventBridge by its ARN, or a role of the account that is none of the guard's. */
export type Asking = { readonly rule: string } | { readonly stranger: string };

/** What a resource's policy answers; `unreadable` with the reason if it is no policy. */
export type PolicyAnswer =
  | { readonly status: "allowed" | "explicitDeny" | "implicitDeny" }
  | { readonly status: "unreadable"; readonly why: string };

/** Returns what the policy of a queue or table, as JSON text, answers to one action on it. */
export function askPolicy(
  policy: string,
  {
    action,
    resource,
    partition,
  }: { readonly action: string; readonly resource: string; readonly partition: string },
  asking: Asking,
): PolicyAnswer {
  const request =
    "rule" in asking
      ? {
          principal: { type: "Service" as const, id: "events.amazonaws.com" },
          context: { "aws:sourcearn": asking.rule, "aws:principalisawsservice": "true" },
        }
      : {
          principal: { type: "AWS" as const, id: asking.stranger },
          context: { "aws:principalarn": asking.stranger, "aws:principalisawsservice": "false" },
        };
  try {
    return { status: decide({ action, resource, ...request }, [parsePolicy(policy)], { partition }) };
  } catch (error) {
    return { status: "unreadable", why: formatCause(error) };
  }
}
