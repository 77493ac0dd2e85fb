import { settleSecondsOf } from "@drift-guard/core/config/config";
import { RollbackUnderwayError } from "@drift-guard/core/errors";
import type { Control } from "@drift-guard/core/model/control";
import type { Assessment } from "@drift-guard/core/model/evidence";
import type { Finding } from "@drift-guard/core/model/finding";
import { identifyFinding } from "@drift-guard/core/model/identity";
import { type Instant, instantOf, millisecondsBetween } from "@drift-guard/core/model/instant";
import { closeAbandoned, isRollbackUnderway, type Ledger } from "@drift-guard/core/model/ledger";
import type { Role, RoleKey } from "@drift-guard/core/model/role";
import type { Rollback } from "@drift-guard/core/model/rollback";
import type { Spending } from "@drift-guard/core/ports";
import { recordRole } from "@drift-guard/core/rollback/apply-step";
import { authorise } from "@drift-guard/core/rollback/authorise";
import { planRollback } from "@drift-guard/core/rollback/planner";
import { decideAndCommit, type LedgerDecision } from "../commit.ts";
import { assessRole } from "../inspect/assessment.ts";
import type { WatchedRoleWithUses } from "../inspect/discovery.ts";
import type { GuardSettings, RollbackPorts } from "../ports.ts";
import { nothingToDo, type RollbackOutcome } from "./outcome.ts";
import { type FindingRefusal, recordRefusals } from "./report.ts";

/** A rollback to carry out, as the ledger holds it now, or the outcome where there is none. */
export type Start =
  | { readonly kind: "end"; readonly outcome: RollbackOutcome }
  | { readonly kind: "go"; readonly rollback: Rollback };

/** A request to roll back one finding of a watched role. */
export interface RollbackRequest {
  readonly watched: WatchedRoleWithUses;
  readonly key: RoleKey;
  readonly finding: Finding;
}

/** A write to the control table that a decision needs before it can be committed. */
type Intent =
  | { readonly kind: "spend"; readonly now: Instant }
  | { readonly kind: "open-breaker"; readonly reason: string };

/** The intents that are carried out. */
interface Fulfilled {
  readonly spending?: Spending;
  readonly breakerOpened?: true;
}

/** What a decision is made from besides the ledger. */
type Observation =
  | { readonly status: "absent" }
  | {
      readonly status: "present";
      readonly role: Role;
      readonly assessments: readonly Assessment[];
      readonly control: Control;
      /** ISO 8601. */
      readonly now: Instant;
    };

/**
 * Decides whether a rollback starts, and commits the decision: the rollback as running, or the refusals. The decision
 * itself writes nothing, since it runs again after a conflict. It returns an intent instead, which is carried out once,
 * before the commit: a rollback never starts without its budget. Throws `RollbackUnderwayError` where the request must
 * be repeated later.
 */
export async function startRollback(
  request: RollbackRequest,
  ports: RollbackPorts,
  settings: GuardSettings,
): Promise<Start> {
  let fulfilled: Fulfilled = {};
  let observed: Observation | undefined;
  for (;;) {
    const { result } = await decideAndCommit(ports.findings, request.key, async (ledger) => {
      // A conflict means that something changed, so the role and the control items are read again.
      const observation = observed ?? (await observe(request, ports));
      observed = undefined;
      const decision = decideStart(ledger, request, observation, fulfilled, ports.newId, settings);
      return { ...decision, result: { decided: decision.result, observation } };
    });
    const { decided, observation } = result;
    if (decided.kind === "end" || decided.kind === "go") return decided;
    fulfilled = { ...fulfilled, ...(await fulfil(decided, request.key, ports, settings)) };
    observed = observation;
  }
}

async function observe(
  { watched, key }: Pick<RollbackRequest, "watched" | "key">,
  ports: Pick<RollbackPorts, "roles" | "control" | "now">,
): Promise<Observation> {
  const reading = await ports.roles.read(watched.name);
  if (reading.status === "absent") return { status: "absent" };
  return {
    status: "present",
    role: reading.role,
    control: await ports.control.load(key),
    // Without the resource reader: a rollback may not read secrets and keys.
    assessments: await assessRole(watched, reading, { now: () => ports.now() }),
    now: instantOf(ports.now()),
  };
}

async function fulfil(
  intent: Intent,
  key: RoleKey,
  { control }: Pick<RollbackPorts, "control">,
  { config }: GuardSettings,
): Promise<Fulfilled> {
  if (intent.kind === "spend") return { spending: await control.spend(key, config.budget, intent.now) };
  await control.openBreaker(key, intent.reason);
  return { breakerOpened: true };
}

/** Decides without side effects. An intent leaves the ledger as it is, so that nothing is committed with it. */
function decideStart(
  ledger: Ledger,
  { watched, finding }: Pick<RollbackRequest, "watched" | "finding">,
  observation: Observation,
  { spending, breakerOpened }: Fulfilled,
  newId: () => string,
  settings: GuardSettings,
): LedgerDecision<Start | Intent> {
  const keep = (result: Start | Intent): LedgerDecision<Start | Intent> => ({
    ledger,
    transitions: [],
    result,
  });
  const end = (why: string) => keep({ kind: "end", outcome: nothingToDo(why) });
  if (observation.status === "absent") return end(`${watched.name} does not exist`);
  const { role, assessments, control, now } = observation;
  const reasonToWait = findReasonToWait(ledger, finding, assessments, now, settings);
  // The role's permissions as a whole also depend on secrets and keys, which no rollback reads, and no step mends them.
  const isOfAll = finding.evidence.part.kind === "permissions" && !isRollbackUnderway(ledger, now);
  if (reasonToWait !== undefined && isOfAll) return end(reasonToWait);
  if (reasonToWait !== undefined) throw new RollbackUnderwayError(`${watched.name}: ${reasonToWait}`);

  const current = closeAbandoned(ledger, now);
  const { plan, withheld } = planRollback({
    ...watched,
    role,
    assessments,
    control: {
      ...control,
      // Who could assume the role before is not recorded yet.
      enrolment: { roleId: role.id, at: "1970-01-01T00:00:00Z" },
      rollbacks: current.rollbacks,
      causes: current.findings.flatMap(({ id, causedBy }) =>
        causedBy ? [{ findingId: id, actor: causedBy }] : [],
      ),
    },
    config: settings.config,
    now,
  });
  const left = withheld.map((each): FindingRefusal => ({ id: each.finding, reason: each.reason }));
  const refuseAll = (reason: string, temporary: boolean): LedgerDecision<Start> => ({
    ...recordRefusals(
      current,
      [...left, ...plan.findings.map((id): FindingRefusal => ({ id, reason, temporary }))],
      now,
    ),
    result: { kind: "end", outcome: { status: "refused", reason } },
  });
  if (plan.steps.length === 0) {
    const [first] = left;
    return first ? refuseAll(first.reason, false) : end("the owner allows the rollback of no current drift");
  }
  const { windowHours } = settings.config.budget;
  const authority = authorise({ ...watched, plan, role, ledger: current, control, now, windowHours });
  if (!authority.go) {
    const { reason, breaks } = authority;
    return breaks && !breakerOpened ? keep({ kind: "open-breaker", reason }) : refuseAll(reason, false);
  }
  if (spending === undefined) return keep({ kind: "spend", now });
  if (spending !== "spent") {
    return refuseAll(`Rollbacks have stopped: ${spending} for this window of ${windowHours} h.`, true);
  }
  const rollback: Rollback = {
    id: newId(),
    plan,
    before: recordRole(role),
    startedAt: now,
    done: [],
    status: "running",
  };
  const refused = recordRefusals(current, left, now);
  return {
    ledger: { ...refused.ledger, rollbacks: [...refused.ledger.rollbacks, rollback] },
    transitions: refused.transitions,
    result: { kind: "go", rollback },
  };
}

/**
 * Returns why the rollback must wait, or undefined. IAM is eventually consistent: a read may show the role as it was
 * before the last known change.
 */
function findReasonToWait(
  ledger: Ledger,
  asking: Finding,
  assessments: readonly Assessment[],
  now: Instant,
  { config }: GuardSettings,
): string | undefined {
  if (isRollbackUnderway(ledger, now)) return "another rollback is running; retry when it has ended.";
  const seen = new Set(assessments.map((evidence) => identifyFinding(ledger.role, evidence)));
  const justRolledBack = ledger.rollbacks.some(
    (rollback) =>
      rollback.status !== "running" &&
      millisecondsBetween(rollback.endedAt, now) < settleSecondsOf(config) * 1000 &&
      rollback.plan.findings.includes(asking.id),
  );
  const known = ledger.findings.find(({ id }) => id === asking.id);
  if (seen.has(asking.id)) {
    return justRolledBack
      ? "the drift was just rolled back, and this read may show the role before that; retry later."
      : undefined;
  }
  const isOpen = known?.state === "open" && known.cleanSince === undefined;
  return isOpen && !justRolledBack
    ? "the reported drift is not visible, and no other read found the role clean: this read may be older than the drift; retry later."
    : undefined;
}
