import type { HubFinding, Quieting } from "@drift-guard/core/model/hub";
import { digestEvidence } from "@drift-guard/core/model/identity";
import { addSeconds, type Instant, instantOf, isAhead, isBefore } from "@drift-guard/core/model/instant";
import type { Transition, TransitionKind } from "@drift-guard/core/model/transition";
import type { HubStore } from "@drift-guard/core/ports";

/** How long a suppression in Security Hub keeps people from being told, whatever the stored item says. */
export const quietDays = 30;

// What the guard or a person did, what it does soon, and whom an open trust policy let in, is told whatever Security Hub says.
const neverQuiet: readonly TransitionKind[] = [
  "approved",
  "rolled-back",
  "refused",
  "contested",
  "sessions-found",
  "suppressed",
  "expiring",
  "closed",
];
// What was acknowledged went away, and came back.
const endsAcknowledgement: readonly TransitionKind[] = ["opened", "reopened", "recurred", "worsened"];

/**
 * Whether people are not told of a transition because a user of Security Hub suppressed or acknowledged exactly its evidence.
 * Never of a CRITICAL finding, and never of what the guard did: anybody who may update findings in Security Hub could
 * otherwise hide an attack.
 */
export function isQuiet({ kind, finding }: Transition, { quieting }: HubFinding, now: Instant): boolean {
  if (quieting === undefined || finding.severity === "CRITICAL" || neverQuiet.includes(kind)) return false;
  if (quieting.digest !== digestEvidence(finding.evidence)) return false;
  switch (quieting.kind) {
    case "suppressed":
      return isBefore(now, quietEndOf(quieting) ?? now) && !isAhead(quieting.at, now);
    case "acknowledged":
      return !endsAcknowledgement.includes(kind);
  }
}

/** Returns when a suppression ended that a user of Security Hub set; undefined if it has not ended, or there is none. */
export function findQuietEnd({ quieting }: HubFinding, now: Instant): Instant | undefined {
  const until = quieting?.kind === "suppressed" ? quietEndOf(quieting) : undefined;
  return until === undefined || isBefore(now, until) ? undefined : until;
}

/** Returns when a suppression ends: at most 30 days after it was set. Undefined if it has no effect. */
export function quietEndOf({ at, until }: Quieting): Instant | undefined {
  if (until === undefined) return undefined;
  const lasts = Date.parse(until) - Date.parse(at);
  return lasts <= quietDays * 86_400_000 ? until : addSeconds(at, quietDays * 86_400);
}

/** Returns the ids of the transitions of which people are not told (`isQuiet`). Throws `StoreUnavailableError`. */
export async function findQuiet(
  transitions: readonly Transition[],
  { hub, now }: { readonly hub: Pick<HubStore, "loadFinding">; now(): Date },
): Promise<ReadonlySet<string>> {
  const at = instantOf(now());
  const quiet = await Promise.all(
    transitions.map(async (transition) => {
      const { role, id, severity } = transition.finding;
      if (severity === "CRITICAL" || neverQuiet.includes(transition.kind)) return [];
      return isQuiet(transition, await hub.loadFinding(role, id), at) ? [transition.id] : [];
    }),
  );
  return new Set(quiet.flat());
}
