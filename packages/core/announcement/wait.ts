import { digestOf } from "../model/identity.ts";
import type { Transition, TransitionKind } from "../model/transition.ts";
import type { Delivery } from "../ports.ts";
import type { Standing } from "../rollback/standing.ts";

/**
 * Returns a digest of what the rollback of a finding waits for, as people are told it: an approval, a window, the end of a
 * pause, the next try, the answer of CloudTrail. Undefined if it waits for nothing.
 */
export function digestWait(standing: Standing): string | undefined {
  switch (standing.kind) {
    case "approval":
    case "window":
    case "paused":
    case "contested":
    case "seeking-author":
      return digestOf(standing);
    case "resolved":
    case "closed":
    case "suppressed":
    case "undone":
    case "expiring":
    case "report-only":
    case "observed":
    case "service-linked":
    case "off":
    case "simulated":
    case "by-hand":
    case "undoing":
    case "approved":
    case "refused":
    case "observing":
      return undefined;
  }
}

/** The kinds whose message says what the rollback waits for, and that tell of no decision about it. */
const askingKinds: readonly TransitionKind[] = ["opened", "worsened", "reopened", "recurred", "attributed"];

/**
 * Whether people were told already, with the transition before, what a refused rollback waits for. The refusal is no news
 * then: the message about the drift asked for the approval.
 */
export function repeatsWait(
  { kind }: Pick<Transition, "kind">,
  standing: Standing,
  before: Delivery | undefined,
): boolean {
  const wait = digestWait(standing);
  return (
    kind === "refused" &&
    wait !== undefined &&
    before?.told === wait &&
    askingKinds.includes(before.transition.kind)
  );
}
