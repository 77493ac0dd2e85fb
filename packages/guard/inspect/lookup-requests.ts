import { instantOf } from "@drift-guard/core/model/instant";
import type { Ledger } from "@drift-guard/core/model/ledger";
import type { Cause, Transition } from "@drift-guard/core/model/transition";
import { asksForLookup, isOpenTrust, lacksAuthor } from "@drift-guard/core/reconcile/lookup";
import type { GuardSettings, InspectPorts } from "../ports.ts";

/**
 * Requests that CloudTrail is searched for who caused a role's drifts, and for the sessions that an open trust policy let in:
 * after an inspection with a new drift of either kind, once the event of it had its time to arrive; and in a sweep, where a
 * request may have been lost. Throws `DeliveryError`.
 */
export async function requestLookup(
  {
    ledger,
    transitions,
    cause,
  }: {
    readonly ledger: Ledger;
    readonly transitions: readonly Transition[];
    readonly cause: Cause;
  },
  { lookups, now }: Pick<InspectPorts, "lookups" | "now">,
  { config }: Pick<GuardSettings, "config">,
): Promise<void> {
  if (lookups === undefined) return;
  const isDue =
    transitions.some(asksForLookup) ||
    (cause.kind === "sweep" &&
      ledger.findings.some(
        (finding) => lacksAuthor(finding) || (finding.state === "open" && isOpenTrust(finding)),
      ));
  if (!isDue) return;
  // Later than the recheck, which may already name the author.
  await lookups.send({ role: ledger.role.name, began: instantOf(now()) }, config.recheckSeconds * 1.5);
}
