import type { ApiCall } from "./call.ts";
import type { CallerIdentity } from "./callers.ts";
import type { CallFailure } from "./cloudtrail.ts";

/**
 * How a call fails. `refused`: it has no effect. `unanswered`: it takes effect, and its caller gets the error instead of the
 * response. `partial`: Security Hub takes all findings of the call but the first, for which the response names the error.
 */
export interface Outage {
  readonly kind: "refused" | "unanswered" | "partial";
  readonly failure: CallFailure;
}

/** Returns how a call fails; undefined to let it pass. */
export type OutageRule = (call: ApiCall, caller: CallerIdentity) => Outage | undefined;

// The SDK makes the call again after the first two; the others fail the work of the function.
const failures: readonly CallFailure[] = [
  { code: "Throttling", message: "Rate exceeded" },
  { code: "RequestTimeout", message: "The service did not answer in time" },
  { code: "AccessDeniedException", message: "The service denies the call for a while" },
  { code: "InternalException", message: "The service failed" },
];

/**
 * Returns a rule by which a third of the calls that tell people and Security Hub of findings fail, in every way. `dice` returns
 * a random number from 0 to below 1 at each call. Calls of the account's root pass.
 */
export function failThirdOfDeliveries(dice: () => number): OutageRule {
  return ({ service, action }, { arn }) => {
    const isDelivery =
      (service === "sns" && action === "Publish") ||
      (service === "securityhub" && /^Batch(?:Import|Update)Findings$/.test(action));
    if (!isDelivery || !arn.includes(":assumed-role/") || dice() >= 1 / 3) return undefined;
    const failure = failures[Math.floor(dice() * failures.length)] ?? { code: "Throttling", message: "" };
    const kinds = service === "sns" ? (["refused", "unanswered"] as const) : outageKinds;
    return { kind: kinds[Math.floor(dice() * kinds.length)] ?? "refused", failure };
  };
}

const outageKinds = ["refused", "unanswered", "partial"] as const;

/** Returns a generator of numbers from 0 to below 1 (mulberry32): the same ones for the same seed. */
export function createDice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
