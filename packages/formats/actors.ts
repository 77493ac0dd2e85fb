import type { Actor } from "@drift-guard/core/model/actor";
import { plain } from "./plain.ts";

/** Who made a call, in the shortest words that name him: his ARN, his service, or CloudTrail's word for his kind. */
export function printActor(actor: Actor): string {
  if (actor.arn !== undefined) {
    const whole = plain(actor.arn);
    return actor.service === undefined ? whole : `${whole} through ${plain(actor.service)}`;
  }
  if (actor.service !== undefined) return plain(actor.service);
  if (actor.type === "Root") return `the root of account ${plain(actor.account ?? "unknown")}`;
  return actor.account === undefined ? `somebody (${plain(actor.type)})` : `account ${plain(actor.account)}`;
}

/** Where a call came from, `203.0.113.7 (aws-cli/2.17.32)`; undefined where the record does not say. */
export function printOrigin({ sourceIp, userAgent }: Actor): string | undefined {
  if (sourceIp === undefined) return userAgent === undefined ? undefined : plain(userAgent, 80);
  return userAgent === undefined || userAgent === sourceIp
    ? plain(sourceIp, 80)
    : `${plain(sourceIp, 80)} (${plain(userAgent, 80)})`;
}
