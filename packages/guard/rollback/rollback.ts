import { isOff } from "@drift-guard/core/config/rollback-choice";
import type { RoleKey } from "@drift-guard/core/model/role";
import type { Transition } from "@drift-guard/core/model/transition";
import { findWatchedRolesWithUses } from "../inspect/discovery.ts";
import type { GuardSettings, RollbackPorts } from "../ports.ts";
import { carryOut } from "./execution.ts";
import { nothingToDo, type RollbackOutcome } from "./outcome.ts";
import { concludeRollback } from "./report.ts";
import { startRollback } from "./start.ts";

/**
 * Rolls a role back to its reference, as far as the owner allows it. In doubt it writes nothing and commits a transition
 * that says why. It resolves no finding: a later clean read does. Repeating a request has no further effect. Throws
 * `RollbackUnderwayError` where the request must be repeated later; `StoreUnavailableError`, `RoleUnreadableError`.
 */
export async function rollBack(
  transition: Transition,
  ports: RollbackPorts,
  settings: GuardSettings,
): Promise<RollbackOutcome> {
  const { finding } = transition;
  const { role, evidence } = finding;
  if (evidence.kind === "attempt") return nothingToDo("IAM refused the call, so nothing changed");
  if (evidence.kind !== "drift") return nothingToDo(`a finding of kind ${evidence.kind} has no rollback`);
  if (role.account !== settings.account) return nothingToDo(`the finding is in account ${role.account}`);
  const [watched] = await findWatchedRolesWithUses([role.name], ports, settings);
  if (!watched || watched.discovered) return nothingToDo(`${role.name} is not guarded`);
  // The function may read no other role.
  if (isOff(watched.guarded.rollback) || watched.reference.serviceLinked !== undefined)
    return nothingToDo(`rollback of ${role.name} is off`);
  const key: RoleKey = { account: settings.account, name: watched.name };

  const start = await startRollback({ watched, key, finding }, ports, settings);
  if (start.kind === "end") return start.outcome;
  const rollback = await carryOut(start.rollback, key, ports);
  await concludeRollback(rollback, key, ports);
  return { status: rollback.status === "failed" ? "failed" : "done", rollback };
}
