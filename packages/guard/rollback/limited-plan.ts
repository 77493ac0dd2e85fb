import type { Control } from "@drift-guard/core/model/control";
import type { Drift } from "@drift-guard/core/model/evidence";
import type { Instant } from "@drift-guard/core/model/instant";
import type { Plan } from "@drift-guard/core/model/plan";
import type { Role, RoleKey } from "@drift-guard/core/model/role";
import { authorise } from "@drift-guard/core/rollback/authorise";
import { type PlanningResult, planRollback, type Withheld } from "@drift-guard/core/rollback/planner";
import type { PlanningInput } from "@drift-guard/core/rollback/planning";
import type { Obstacle } from "@drift-guard/core/rollback/restoring";
import type { WatchedRoleWithUses } from "../inspect/discovery.ts";
import type { GuardSettings, RollbackPorts } from "../ports.ts";
import type { LaterTry } from "./later-try.ts";
import { type Delay, findCritical, findDelays, findNextHour, findOversized } from "./limits.ts";
import type { Observation } from "./observation.ts";
import { createPlanning } from "./planning.ts";
import { readDriftedPolicies } from "./policies.ts";
import type { FindingRefusal, FindingSimulation } from "./report.ts";

/** What a plan within the limits is made from. */
export interface LimitedPlanInput {
  readonly watched: WatchedRoleWithUses;
  readonly key: RoleKey;
  readonly observation: Extract<Observation, { readonly status: "present" }>;
  readonly control: Control;
  /** The drifts of the role that no exception accepts. */
  readonly drifts: readonly Drift[];
  /** Until when the account may restore nothing more; left out if that is not known. */
  readonly cappedUntil?: Instant | undefined;
}

/** A plan, what people are to be told of the drifts that it leaves, and when to look at those again. */
export interface LimitedPlan {
  readonly plan: Plan;
  readonly refusals: readonly FindingRefusal[];
  readonly simulations: readonly FindingSimulation[];
  readonly later: readonly LaterTry[];
  /** Why a drift waits of which people are not to be told; left out if none does. */
  readonly waiting?: string;
}

/**
 * Plans a rollback within the limits: pauses between attempts, the cap on restoring, and what fits in the control record. A
 * simulated plan keeps to the cap too, and spends nothing of it. Throws `RoleUnreadableError`, `StoreUnavailableError`.
 */
export async function planWithinLimits(
  input: LimitedPlanInput,
  ports: Pick<RollbackPorts, "policies" | "control">,
  { config }: GuardSettings,
): Promise<LimitedPlan> {
  const { watched, key, observation, control, drifts, cappedUntil } = input;
  const { role, now } = observation;
  const critical = findCritical(drifts, key, watched, config);
  const delays = findDelays({ key, control, drifts, critical, now, config });
  const policies = await readDriftedPolicies(watched, observation, ports);
  const planning: PlanningInput = {
    ...createPlanning({ watched, ...observation, policies, control, config }),
    hold: (id) => delays.get(id),
  };
  const capped = (until: Instant): PlanningInput => ({
    ...planning,
    restoringCap: (id) => (critical.has(id) ? undefined : createCapObstacle(until, config)),
  });
  const free = planWithinSize(cappedUntil === undefined ? planning : capped(cappedUntil));
  const isOver =
    cappedUntil === undefined &&
    free.simulated?.steps.some(({ restores }) => restores) === true &&
    !(await ports.control.hasRestoringLeft(key.account, now, config.restoringPerHour));
  const simulation = isOver ? planWithinSize(capped(findNextHour(now))) : free;
  const withheld = free.withheld.filter((each) => each.simulated !== true);
  const notSimulated = simulation.withheld.filter((each) => each.simulated === true);
  const [waiting] = withheld;
  return {
    plan: free.plan,
    refusals: withheld.flatMap((each) => listRefusals(each, delays.get(each.finding))),
    simulations: [
      ...(simulation.simulated ? simulate(simulation.simulated, { watched, role, control }) : []),
      ...notSimulated.flatMap(({ finding: id, reason }): FindingSimulation[] =>
        delays.get(id)?.reason === reason ? [] : [{ id, reason }],
      ),
    ],
    later: [...withheld, ...notSimulated].flatMap(({ finding, until: due }): LaterTry[] =>
      due ? [{ due, findings: [finding] }] : [],
    ),
    ...(waiting && { waiting: waiting.reason }),
  };
}

// What does not fit in one item of the control table waits.
function planWithinSize(planning: PlanningInput): PlanningResult {
  const result = planRollback(planning);
  const oversized = findOversized(result.plan, planning.now);
  if (oversized.size === 0) return result;
  return planRollback({ ...planning, hold: (id) => planning.hold?.(id) ?? oversized.get(id) });
}

/** Returns what a rollback would do for each finding of a simulated plan, if it were authorised. */
function simulate(
  plan: Plan,
  {
    watched,
    role,
    control,
  }: { readonly watched: WatchedRoleWithUses; readonly role: Role; readonly control: Control },
): readonly FindingSimulation[] {
  const authority = authorise({ ...watched, plan, role, control });
  return plan.findings.map((id): FindingSimulation => {
    if (!authority.go) return { id, reason: authority.reason };
    return {
      id,
      steps: plan.steps.filter(
        ({ findings, revokesUntil }) => findings.includes(id) || revokesUntil !== undefined,
      ),
    };
  });
}

function listRefusals(
  { finding: id, reason, until }: Withheld,
  delay: Delay | undefined,
): readonly FindingRefusal[] {
  if (delay?.reason !== reason) return [{ id, reason, temporary: until !== undefined, quiet: false }];
  return delay.kind === "pausing" ? [{ id, reason, temporary: true, quiet: true }] : [];
}

function createCapObstacle(until: Instant, { restoringPerHour }: GuardSettings["config"]): Obstacle {
  return {
    reason: `The account has reached its ${restoringPerHour} rollbacks in an hour that restore anything. The next try is at ${until}.`,
    until,
  };
}
