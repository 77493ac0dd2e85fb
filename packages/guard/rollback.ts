import { type Authority, authorise } from "@drift-guard/core/authorise";
import { identifyFinding } from "@drift-guard/core/digest";
import { RollbackUnderwayError } from "@drift-guard/core/errors";
import { evaluate } from "@drift-guard/core/evaluate";
import type { Assessment } from "@drift-guard/core/evidence";
import type { Finding } from "@drift-guard/core/finding";
import { closeAbandoned, isRollbackUnderway, type Ledger } from "@drift-guard/core/ledger";
import { planRollback, recordRole } from "@drift-guard/core/planner";
import type { RoleKey } from "@drift-guard/core/role";
import type { Rollback } from "@drift-guard/core/rollback";
import type { Transition, TransitionKind } from "@drift-guard/core/transition";
import { isTrusted, nameActor } from "@drift-guard/core/trusted-actor";
import { type Decision, decideAndCommit } from "./commit.ts";
import { carryOut, replaceRollback } from "./execution.ts";
import { findWard, type Ward } from "./guarded-role.ts";
import type { GuardSettings, RollbackPorts } from "./ports.ts";

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
 * that says why. It closes no finding: a later clean read does. Doing it twice does it once.
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
  const ward = findWard(settings, role.name);
  if (!ward) return nothing(`${role.name} is not guarded`);
  const key: RoleKey = { account: settings.account, name: ward.name };

  const start = await begin(ward, key, ports, settings);
  if (start.kind === "end") return start.outcome;
  return finish(await carryOut(start.rollback, key, ports), key, ports);
}

async function begin(
  ward: Ward,
  key: RoleKey,
  ports: RollbackPorts,
  settings: GuardSettings,
): Promise<Start> {
  let spent = false;
  const { result } = await decideAndCommit(ports.findings, key, async (ledger): Promise<Decision<Start>> => {
    const leave = (why: string): Decision<Start> => ({
      ledger,
      transitions: [],
      result: { kind: "end", outcome: nothing(why) },
    });
    const reading = await ports.roles.read(ward.name);
    if (reading.status === "absent") return leave(`${ward.name} does not exist`);
    const { role } = reading;
    const control = await ports.control.load(key);
    const now = ports.now().toISOString();
    if (isRollbackUnderway(ledger, now)) {
      throw new RollbackUnderwayError(
        `A rollback of ${ward.name} is still running; this one must wait for its end.`,
      );
    }
    const current = closeAbandoned(ledger, now);
    const assessments = evaluate({ ...ward, reading });
    const findings = confirmed(current, assessments);
    const { plan, awaiting } = planRollback({
      ...ward,
      role,
      findings,
      approvals: control.approvals,
      config: settings.config,
      now,
    });
    const refuse = (reason: string, ids: readonly string[]) => refused(current, ids, reason, now);
    if (plan.steps.length === 0) {
      if (awaiting.length === 0) return leave("no drift that the owner allowed to undo");
      return refuse(
        explainWait(awaiting, settings),
        awaiting.map(({ id }) => id),
      );
    }
    const authority: Authority = authorise({
      ...ward,
      plan,
      role,
      assessments,
      ledger: current,
      control,
      now,
      windowHours: settings.config.budget.windowHours,
    });
    if (!authority.go) {
      if (authority.breaks) await ports.control.openBreaker(key, authority.reason);
      return refuse(authority.reason, plan.findings);
    }
    if (!spent) {
      const spending = await ports.control.spend(key, settings.config.budget, now);
      if (spending !== "spent") {
        return refuse(
          `Rollbacks have stopped: ${spending} for this window of ${settings.config.budget.windowHours} h.`,
          plan.findings,
        );
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
    return {
      ledger: { ...current, rollbacks: [...current.rollbacks, rollback] },
      transitions: [],
      result: { kind: "go", rollback },
    };
  });
  return result;
}

function explainWait(awaiting: readonly Finding[], { config }: GuardSettings): string {
  const wait = "Its rollback waits for a person's approval";
  const trusted = awaiting.flatMap(({ causedBy }) =>
    causedBy && isTrusted(causedBy, config) ? [nameActor(causedBy)] : [],
  );
  return trusted.length === 0
    ? `${wait}.`
    : `${wait}: the change was made by ${[...new Set(trusted)].join(", ")}, whom the configuration trusts.`;
}

function nothing(why: string): RollbackOutcome {
  return { status: "nothing-to-do", why };
}

// Only what a finding stands open for is undone, and only as the role is seen to be right now.
function confirmed(ledger: Ledger, assessments: readonly Assessment[]): readonly Finding[] {
  return assessments.flatMap((evidence) => {
    const id = identifyFinding(ledger.role, evidence);
    const finding = ledger.findings.find((each) => each.id === id);
    return finding ? [{ ...finding, evidence }] : [];
  });
}

function refused(ledger: Ledger, ids: readonly string[], reason: string, now: string): Decision<Start> {
  const told: Transition[] = [];
  const findings = ledger.findings.map((finding) => {
    if (!ids.includes(finding.id) || finding.refusal === reason) return finding;
    const after = { ...finding, refusal: reason, seq: finding.seq + 1, updatedAt: now };
    told.push(tell(after, "refused", "refused", reason, now));
    return after;
  });
  return {
    ledger: told.length === 0 ? ledger : { ...ledger, findings },
    transitions: told,
    result: { kind: "end", outcome: { status: "refused", reason } },
  };
}

async function finish(rollback: Rollback, key: RoleKey, ports: RollbackPorts): Promise<RollbackOutcome> {
  const now = ports.now().toISOString();
  const failed = rollback.status === "failed";
  const note = failed
    ? `The rollback failed: ${rollback.failure}`
    : `Put back by ${rollback.plan.steps.map(({ call }) => call).join(", ")}. It is closed when a later read finds it clean.`;
  await decideAndCommit(ports.findings, key, (ledger) => {
    const told: Transition[] = [];
    const findings = ledger.findings.map((finding) => {
      if (!rollback.plan.findings.includes(finding.id)) return finding;
      const after = { ...finding, seq: finding.seq + 1, updatedAt: now };
      told.push(tell(after, failed ? "refused" : "rolled-back", rollback.id, note, now));
      return after;
    });
    return {
      ledger: { ...replaceRollback(ledger, rollback), findings },
      transitions: told,
      result: undefined,
    };
  });
  return { status: failed ? "failed" : "done", rollback };
}

function tell(
  finding: Finding,
  kind: TransitionKind,
  rollbackId: string,
  note: string,
  at: string,
): Transition {
  return {
    schema: 1,
    id: `${finding.id}#${finding.seq}`,
    kind,
    at,
    cause: { kind: "rollback", rollbackId },
    note,
    finding,
  };
}
