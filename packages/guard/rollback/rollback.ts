import { RollbackUnderwayError } from "@drift-guard/core/errors";
import type { Assessment } from "@drift-guard/core/model/evidence";
import type { Finding } from "@drift-guard/core/model/finding";
import { identifyFinding } from "@drift-guard/core/model/identity";
import { closeAbandoned, isRollbackUnderway, type Ledger } from "@drift-guard/core/model/ledger";
import type { RoleKey } from "@drift-guard/core/model/role";
import type { Rollback } from "@drift-guard/core/model/rollback";
import type { Transition } from "@drift-guard/core/model/transition";
import { recordRole } from "@drift-guard/core/rollback/apply-step";
import { type Authority, authorise } from "@drift-guard/core/rollback/authorise";
import { planRollback } from "@drift-guard/core/rollback/planner";
import { type Decision, decideAndCommit } from "../commit.ts";
import { assessRole } from "../inspect/assessment.ts";
import { findWatchedRolesWithUses, type WatchedRoleWithUses } from "../inspect/discovery.ts";
import type { GuardSettings, RollbackPorts } from "../ports.ts";
import { carryOut } from "./execution.ts";
import { concludeRollback, type Refusal, refuse } from "./report.ts";

/** What became of a wish to put a role back. */
export type RollbackOutcome =
  | { readonly status: "nothing-to-do"; readonly why: string }
  | { readonly status: "refused"; readonly reason: string }
  | { readonly status: "done" | "failed"; readonly rollback: Rollback };

type Start =
  | { readonly kind: "end"; readonly outcome: RollbackOutcome }
  | { readonly kind: "go"; readonly rollback: Rollback };

/**
 * Puts a role back as its reference says, as far as the owner allowed it. Any doubt means no write, and a transition
 * that says why. It closes no finding: a later clean read does. Doing it twice does it once. Throws
 * `RollbackUnderwayError` where the wish must be brought again later.
 */
export async function rollBack(
  transition: Transition,
  ports: RollbackPorts,
  settings: GuardSettings,
): Promise<RollbackOutcome> {
  const { role, evidence } = transition.finding;
  if (evidence.kind !== "drift")
    return nothing(`there is nothing to put back: it is a finding of kind ${evidence.kind}`);
  if (role.account !== settings.account) return nothing(`the finding is of account ${role.account}`);
  const [watched] = await findWatchedRolesWithUses([role.name], ports, settings);
  if (!watched || watched.discovered) return nothing(`${role.name} is not guarded`);
  const key: RoleKey = { account: settings.account, name: watched.name };

  const start = await begin(watched, key, transition.finding, ports, settings);
  if (start.kind === "end") return start.outcome;
  const rollback = await carryOut(start.rollback, key, ports);
  await concludeRollback(rollback, key, ports);
  return { status: rollback.status === "failed" ? "failed" : "done", rollback };
}

async function begin(
  watched: WatchedRoleWithUses,
  key: RoleKey,
  asking: Finding,
  ports: RollbackPorts,
  settings: GuardSettings,
): Promise<Start> {
  let spent = false;
  const { result } = await decideAndCommit(ports.findings, key, async (ledger): Promise<Decision<Start>> => {
    const end = (outcome: RollbackOutcome): Decision<Start> => ({
      ledger,
      transitions: [],
      result: { kind: "end", outcome },
    });
    const reading = await ports.roles.read(watched.name);
    if (reading.status === "absent") return end(nothing(`${watched.name} does not exist`));
    const { role } = reading;
    const control = await ports.control.load(key);
    const now = ports.now().toISOString();
    const assessments = await assessRole(watched, reading, {});
    const unsettled = mustWait(ledger, asking, assessments, now, settings);
    // What a role gives all in all hangs on secrets and keys too, which no rollback reads; and no step undoes it.
    const isOfAll = asking.evidence.part === "permissions" && !isRollbackUnderway(ledger, now);
    if (unsettled !== undefined && isOfAll) return end(nothing(unsettled));
    if (unsettled !== undefined) throw new RollbackUnderwayError(`${watched.name}: ${unsettled}`);
    const current = closeAbandoned(ledger, now);

    const { plan, withheld } = planRollback({
      ...watched,
      role,
      assessments,
      ledger: current,
      approvals: control.approvals,
      config: settings.config,
      now,
    });
    const left = withheld.map(({ finding, reason }): Refusal => ({ id: finding.id, reason }));
    const refuseAll = (reason: string, passes: boolean): Decision<Start> => {
      const refusals = [...left, ...plan.findings.map((id): Refusal => ({ id, reason, passes }))];
      return {
        ...refuse(current, refusals, now),
        result: { kind: "end", outcome: { status: "refused", reason } },
      };
    };
    if (plan.steps.length === 0) {
      const [first] = left;
      if (first) return refuseAll(first.reason, false);
      return end(nothing("no drift that the owner allowed to undo"));
    }
    const { windowHours } = settings.config.budget;
    const authority: Authority = authorise({
      ...watched,
      plan,
      role,
      ledger: current,
      control,
      now,
      windowHours,
    });
    if (!authority.go) {
      if (authority.breaks) await ports.control.openBreaker(key, authority.reason);
      return refuseAll(authority.reason, false);
    }
    if (!spent) {
      const spending = await ports.control.spend(key, settings.config.budget, now);
      if (spending !== "spent") {
        return refuseAll(`Rollbacks have stopped: ${spending} for this window of ${windowHours} h.`, true);
      }
      spent = true;
    }
    const rollback: Rollback = {
      id: ports.newId(),
      plan,
      before: recordRole(role),
      startedAt: now,
      done: [],
      status: "running",
    };
    const told = refuse(current, left, now);
    return {
      ledger: { ...told.ledger, rollbacks: [...told.ledger.rollbacks, rollback] },
      transitions: told.transitions,
      result: { kind: "go", rollback },
    };
  });
  return result;
}

function nothing(why: string): RollbackOutcome {
  return { status: "nothing-to-do", why };
}

/** Why what was read may be older than what is known, or undefined: IAM is eventually consistent. */
function mustWait(
  ledger: Ledger,
  asking: Finding,
  assessments: readonly Assessment[],
  now: string,
  { config }: GuardSettings,
): string | undefined {
  if (isRollbackUnderway(ledger, now)) return "a rollback is still running; this one must wait for its end.";
  const seen = new Set(assessments.map((evidence) => identifyFinding(ledger.role, evidence)));
  const justUndone = ledger.rollbacks.some(
    (rollback) =>
      rollback.status !== "running" &&
      Date.parse(now) - Date.parse(rollback.endedAt) < (config.recheckSeconds / 2) * 1000 &&
      rollback.plan.findings.includes(asking.id),
  );
  const known = ledger.findings.find(({ id }) => id === asking.id);
  if (seen.has(asking.id)) {
    return justUndone ? "it was put back just now, and this read may be older than that." : undefined;
  }
  const isOpen = known?.state === "open" && known.cleanSince === undefined;
  return isOpen && !justUndone
    ? "the drift that was told is not seen, and no other read has found the role clean: this read may be older than the drift."
    : undefined;
}
