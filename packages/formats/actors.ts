import type { Actor } from "@drift-guard/core/model/actor";
import { sanitise } from "./printable.ts";

/** Who made a call: their ARN, else the service, the root user, the account, or CloudTrail's type of identity. */
export function formatActor(actor: Actor): string {
  if (actor.arn !== undefined) {
    const whole = sanitise(actor.arn);
    return actor.service === undefined ? whole : `${whole} through ${sanitise(actor.service)}`;
  }
  if (actor.service !== undefined) return sanitise(actor.service);
  if (actor.type === "Root") return `the root of account ${sanitise(actor.account ?? "unknown")}`;
  return actor.account === undefined
    ? `somebody (${sanitise(actor.type)})`
    : `account ${sanitise(actor.account)}`;
}

/** Where a call came from: `203.0.113.7 (aws-cli/2.17.32)`; undefined if the record does not say. */
export function formatOrigin({ sourceIp, userAgent }: Actor): string | undefined {
  if (sourceIp === undefined) return userAgent === undefined ? undefined : sanitise(userAgent, 80);
  return userAgent === undefined || userAgent === sourceIp
    ? sanitise(sourceIp, 80)
    : `${sanitise(sourceIp, 80)} (${sanitise(userAgent, 80)})`;
}
