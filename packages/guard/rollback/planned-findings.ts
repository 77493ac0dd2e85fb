import { settleSecondsOf } from "@drift-guard/core/config/config";
import { nameReference } from "@drift-guard/core/config/watched-role";
import type { Drift } from "@drift-guard/core/model/evidence";
import { identifyFinding } from "@drift-guard/core/model/identity";
import { instantOf } from "@drift-guard/core/model/instant";
import type { Rollback } from "@drift-guard/core/model/rollback";
import { describeObservedRole } from "@drift-guard/core/reconcile/observation";
import { reconcile } from "@drift-guard/core/reconcile/reconcile";
import { decideAndCommit } from "../commit.ts";
import type { GuardSettings, RollbackPorts } from "../ports.ts";
import type { LookRequest } from "./new-rollback.ts";

/**
 * Opens the findings of a rollback's drifts that the ledger does not have, or has as resolved, before the first call: once
 * the drift is undone, no other read would show it, and nobody would learn of the rollback. Throws `StoreUnavailableError`.
 */
export async function openPlanned(
  planned: readonly Drift[],
  { watched, key }: Pick<LookRequest, "watched" | "key">,
  { id: rollbackId, before }: Pick<Rollback, "id" | "before">,
  { findings, now }: Pick<RollbackPorts, "findings" | "now">,
  settings: GuardSettings,
): Promise<void> {
  if (planned.length === 0) return;
  const { config } = settings;
  await decideAndCommit(findings, key, (ledger) => {
    const open = new Set(ledger.findings.flatMap(({ id, state }) => (state === "resolved" ? [] : [id])));
    const evidence = planned.filter((drift) => !open.has(identifyFinding(key, drift)));
    if (evidence.length === 0) return { ledger, transitions: [], result: undefined };
    const ids = new Set(evidence.map((drift) => identifyFinding(key, drift)));
    const opened = reconcile({
      // The other findings keep their state: this read is for rollback, and does not look at everything.
      ledger: { ...ledger, findings: ledger.findings.filter(({ id }) => ids.has(id)) },
      evidence,
      exceptions: [],
      cause: { kind: "rollback", rollbackId },
      uses: watched.uses,
      ...describeObservedRole(before, watched.reference),
      ...nameReference(watched, settings),
      config,
      now: instantOf(now()),
      settleSeconds: settleSecondsOf(config),
    });
    const others = ledger.findings.filter(({ id }) => !ids.has(id));
    return {
      ledger: { ...ledger, findings: [...others, ...opened.ledger.findings] },
      transitions: opened.transitions,
      result: undefined,
    };
  });
}
