import { findException } from "@drift-guard/core/evaluate/coverage";
import { rateSeverity } from "@drift-guard/core/evaluate/severity";
import { type Control, emptyControl, findRunning } from "@drift-guard/core/model/control";
import type { Drift } from "@drift-guard/core/model/evidence";
import { digestEvidence, digestOf } from "@drift-guard/core/model/identity";
import { addSeconds, type Instant } from "@drift-guard/core/model/instant";
import { findObserving, observingDays } from "@drift-guard/core/model/observing";
import { type Plan, Step } from "@drift-guard/core/model/plan";
import { type Severity, worstFirst } from "@drift-guard/core/model/severity";
import { authorise } from "@drift-guard/core/rollback/authorise";
import { type Candidate, listCandidates } from "@drift-guard/core/rollback/candidate";
import { listCountedExceptions } from "@drift-guard/core/rollback/counted-exceptions";
import { type PlanningResult, planRollback } from "@drift-guard/core/rollback/planner";
import type { PlanningInput } from "@drift-guard/core/rollback/planning";
import { findCritical, findDelays } from "./limits.ts";
import { createPlanning, type PlanningSources } from "./planning.ts";

/** A role as it was just read, and what is known about its rollback. */
export interface HandPlanRequest extends Omit<PlanningSources, "control"> {
  /** The control record; undefined if it was not read. */
  readonly control: Control | undefined;
  /** Ids of the findings to roll back; undefined for every drift of the role. */
  readonly wanted: readonly string[] | undefined;
  /** Whether the person insists on what is not safe (`DriftDecision.hazard`). */
  readonly insists: boolean;
}

/** What the deployed guard does about one drift. */
export type GuardDecision =
  /** It rolls the drift back by itself. */
  | { readonly kind: "automatic" }
  /** `until`: when it tries again; left out if a person must act. */
  | { readonly kind: "waits"; readonly reason: string; readonly until?: Instant }
  /** The configuration turns rollback of this side off. */
  | { readonly kind: "off" }
  /** The configuration has rollback of this side simulated. */
  | { readonly kind: "simulated" }
  /** A person accepted the drift until a time. */
  | { readonly kind: "accepted"; readonly owner: string; readonly reason: string; readonly until: Instant }
  /** No step of a rollback repairs the drift. */
  | { readonly kind: "no-step" }
  /** The configuration has it rolled back, and what else the guard waits for is not known: the control record was not read. */
  | { readonly kind: "unknown" };

/** One drift of the role, and what becomes of it. */
export interface DriftDecision {
  readonly findingId: string;
  readonly drift: Drift;
  readonly severity: Severity;
  readonly guard: GuardDecision;
  /** Whether the steps of the plan repair it. */
  readonly planned: boolean;
  /**
   * Why rolling it back is not safe, such as a stranger who would get what is restored; left out where it is safe. Without
   * insistence, no step repairs such a drift.
   */
  readonly hazard?: string;
  /** Why no step repairs it; left out where one does, and for a drift that nobody asked for. */
  readonly why?: string;
}

/** The steps by which a person rolls a role back with their own credentials. */
export interface HandPlan {
  readonly plan: Plan;
  /** SHA-256 of the role's id and the calls, in hex: two plans with one digest make the same calls on the same role. */
  readonly digest: string;
  /** The worst first. */
  readonly drifts: readonly DriftDecision[];
  /** Why none of it may be carried out; left out if it may. */
  readonly refusal?: string;
}

/**
 * Plans what a person rolls back with their own credentials, by their command: as if they had approved each drift. Modes,
 * windows, attempts and trusted actors do not hold them back, and `DriftDecision.guard` says them. What a person accepted
 * stays, a pause holds, and what is not safe needs insistence. Pure.
 */
export function planByHand(request: HandPlanRequest): HandPlan {
  const { watched, role, control, wanted } = request;
  const planning = planAsGuard(request);
  const candidates = listCandidates(planning);
  const chosen = candidates.filter(({ id }) => wanted?.includes(id) ?? true);
  const full = planApproved(chosen, planning);
  const hazards = findHazards(full.plan, planning);
  const safe = chosen.filter(({ id }) => !hazards.has(id));
  const { plan, withheld } =
    request.insists || safe.length === chosen.length ? full : planApproved(safe, planning);
  const own = control === undefined ? undefined : planRollback(planning);
  const drifts = candidates
    .map((candidate): DriftDecision => {
      const { id, evidence: drift } = candidate;
      const planned = plan.findings.includes(id);
      const hazard = hazards.get(id);
      const stop = hazard ?? withheld.find(({ finding }) => finding === id)?.reason;
      const why = candidate.suppressed ? "It was accepted." : (stop ?? noStep);
      return {
        findingId: id,
        drift,
        severity: rateSeverity(drift, { role, config: request.config, uses: watched.uses }),
        guard: judge(candidate, own, request),
        planned,
        ...(hazard !== undefined && { hazard }),
        ...(!planned && chosen.includes(candidate) && { why }),
      };
    })
    .toSorted(worstFirst);
  const refusal = findRefusal(plan, request);
  const steps = plan.steps.map((step) => Step.parse(Step.encode(step)));
  return {
    plan,
    digest: digestOf({ roleId: plan.roleId, steps }),
    drifts,
    ...(refusal !== undefined && { refusal }),
  };
}

/** Plans the rollback of some drifts as if a person had approved them, and of no other. */
function planApproved(chosen: readonly Candidate[], planning: PlanningInput): PlanningResult {
  const { observing: _, ...rest } = planning;
  const { guarded, control, now } = rest;
  const expires = addSeconds(now, 1);
  return planRollback({
    ...rest,
    guarded: { ...guarded, rollback: { ...guarded.rollback, ...asked } },
    control: {
      ...control,
      approvals: chosen.map(({ id, evidence }) => ({
        findingId: id,
        digest: digestEvidence(evidence),
        by: "",
        at: now,
        expires,
      })),
    },
  });
}

/**
 * Returns why the rollback of drifts of a plan is not safe, by finding: what stands against it without an approval, whatever
 * the owner chose.
 */
function findHazards(plan: Plan, planning: PlanningInput): ReadonlyMap<string, string> {
  const { config: _, hold: __, observing: ___, ...rest } = planning;
  const { guarded, control, role } = rest;
  const rollback = { ...guarded.rollback, ...careful, windows: [] };
  const { withheld } = planRollback({
    ...rest,
    guarded: { ...guarded, rollback },
    // A role whose rollback is off is never enrolled: what its trust policy was before is then unknown.
    control: {
      ...control,
      approvals: [],
      pauses: [],
      enrolment: control.enrolment ?? { roleId: role.id, at: longAgo },
    },
  });
  return new Map(
    withheld.flatMap(({ finding, reason }) =>
      plan.findings.includes(finding) ? [[finding, reason] as const] : [],
    ),
  );
}

const careful = {
  excess: "automatic",
  missing: "automatic",
  altered: "automatic",
  sessions: "approve",
} as const;
const longAgo = "1970-01-01T00:00:00Z";

// Only what was asked for has an approval.
const asked = { excess: "approve", missing: "approve", altered: "approve" } as const;

const noStep = "No step of a rollback repairs it. drift-guard check --plan says what a person can do.";

function planAsGuard({ control, ...request }: HandPlanRequest): PlanningInput {
  const { role, assessments, config, now } = request;
  const known = control ?? emptyControl(role);
  const drifts = assessments.filter((evidence): evidence is Drift => evidence.kind === "drift");
  const critical = findCritical(drifts, role, request.watched, config);
  const delays = findDelays({ key: role, control: known, drifts, critical, now, config });
  return { ...createPlanning({ ...request, control: known }), hold: (id) => delays.get(id) };
}

function judge(
  candidate: Candidate,
  own: PlanningResult | undefined,
  { watched, control, config, now }: Pick<HandPlanRequest, "watched" | "control" | "config" | "now">,
): GuardDecision {
  const { id, evidence, suppressed, mode } = candidate;
  if (suppressed) {
    const exceptions = control ? listCountedExceptions(control, config) : [];
    const exception = findException({ id, evidence }, { exceptions, now });
    if (exception) {
      const { owner, reason, expires } = exception;
      return { kind: "accepted", owner, reason, until: expires };
    }
  }
  if (mode === "off") return { kind: "off" };
  const configured = watched.guarded.rollback[evidence.side];
  if (configured === "simulate") return { kind: "simulated" };
  const phase = control && findObserving(control, now);
  if (mode === "simulate" && phase) return { kind: "waits", reason: describePhase(phase), ...phase };
  if (own === undefined) return { kind: "unknown" };
  if (own.plan.findings.includes(id)) return { kind: "automatic" };
  const held = own.withheld.find(({ finding }) => finding === id);
  if (held === undefined) return { kind: "no-step" };
  const { reason, until } = held;
  return { kind: "waits", reason, ...(until !== undefined && { until }) };
}

function describePhase({ until }: { readonly until?: Instant }): string {
  const end = until === undefined ? `${observingDays} days after the first complete sweep` : until;
  return `The guard is new here and only observes until ${end}, or until a person ends that: drift-guard rollback enable.`;
}

function findRefusal(
  plan: Plan,
  { watched, role, control }: Pick<HandPlanRequest, "watched" | "role" | "control">,
): string | undefined {
  if (watched.discovered) {
    return `The configuration does not name ${role.name}, so the guard only observes it. Add the role to the configuration, or fix it by the commands of drift-guard check --plan.`;
  }
  const authority = authorise({ ...watched, plan, role, control: control ?? emptyControl(role) });
  if (!authority.go) return authority.reason;
  const running = control && findRunning(control);
  return (
    running && `The guard is carrying out rollback ${running.id} of ${role.name}. Wait until it has ended.`
  );
}
