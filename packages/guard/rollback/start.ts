import { type Control, findRunning } from "@drift-guard/core/model/control";
import type { Drift } from "@drift-guard/core/model/evidence";
import { isExcepted } from "@drift-guard/core/model/exception";
import { identifyFinding } from "@drift-guard/core/model/identity";
import { type Instant, instantOf } from "@drift-guard/core/model/instant";
import type { Plan } from "@drift-guard/core/model/plan";
import type { Role, RoleKey } from "@drift-guard/core/model/role";
import { isAbandoned, type RunningRollback } from "@drift-guard/core/model/rollback";
import { addStarts, removeStarts } from "@drift-guard/core/rollback/attempts";
import { authorise } from "@drift-guard/core/rollback/authorise";
import { recordRole } from "@drift-guard/core/rollback/before-state";
import { listCountedExceptions } from "@drift-guard/core/rollback/counted-exceptions";
import { createDigester } from "@drift-guard/core/rollback/part-values";
import { type PlanningResult, planRollback, type Withheld } from "@drift-guard/core/rollback/planner";
import type { PlanningInput } from "@drift-guard/core/rollback/planning";
import type { Obstacle } from "@drift-guard/core/rollback/restoring";
import {
  hasEnded,
  listRevocations,
  listStanding,
  type Revocation,
} from "@drift-guard/core/rollback/revocation";
import { type ControlDecision, decideOnControl } from "../control-commit.ts";
import type { WatchedRoleWithUses } from "../inspect/discovery.ts";
import type { GuardSettings, RollbackPorts } from "../ports.ts";
import { recordRead } from "./causes.ts";
import { type HeldRollback, holdSeconds } from "./execution.ts";
import { recordSessions } from "./exposure.ts";
import { joinTries, type LaterTry, maxDelaySeconds, scheduleTry } from "./later-try.ts";
import {
  type Delay,
  findCritical,
  findDelays,
  findNextHour,
  findOversized,
  findSizeObstacle,
} from "./limits.ts";
import { type Observation, observeRole } from "./observation.ts";
import { nothingToDo, type RollbackOutcome } from "./outcome.ts";
import { createPlanning } from "./planning.ts";
import { readDriftedPolicies } from "./policies.ts";
import type { FindingRefusal, FindingSimulation } from "./report.ts";

/** A request to look at a watched role. */
export interface LookRequest {
  readonly watched: WatchedRoleWithUses;
  readonly key: RoleKey;
  /** Whether only a transition's event led here. */
  readonly byHint: boolean;
  /** Id of this invocation, which holds the rollbacks that it carries out. */
  readonly runner: string;
}

/** What people are to be told of before a rollback is carried out. */
export interface Told {
  readonly refusals: readonly FindingRefusal[];
  readonly simulations: readonly FindingSimulation[];
  /** The drifts of a new rollback. */
  readonly planned: readonly Drift[];
}

const nothingTold: Told = { refusals: [], simulations: [], planned: [] };

/** A rollback to carry out or to continue, or the outcome where there is none; and what people are to be told. */
export interface Start extends Told {
  readonly next:
    | { readonly kind: "end"; readonly outcome: RollbackOutcome }
    | { readonly kind: "go"; readonly held: HeldRollback };
}

type Decided = Omit<Start, "next"> & {
  readonly next:
    | { readonly kind: "end"; readonly outcome: RollbackOutcome }
    | { readonly kind: "go"; readonly rollback: RunningRollback; readonly isNew: boolean };
};

type StartPorts = Pick<RollbackPorts, "roles" | "policies" | "control" | "requests" | "now" | "newId">;

/**
 * Decides whether a rollback starts or an interrupted one is continued, and stores that. Before a new rollback that restores
 * anything makes its first call, it is counted against the account's cap; beyond the cap, what restores nothing is rolled
 * back, and excess of severity CRITICAL. Throws `RoleUnreadableError`, `StoreUnavailableError`.
 */
export async function startRollback(
  request: LookRequest,
  ports: StartPorts,
  settings: GuardSettings,
): Promise<Start> {
  const first = await decide(request, undefined, ports, settings);
  if (first.next.kind === "end" || !needsPermit(first.next)) return openHold(first);
  const { rollback } = first.next.held;
  const { account } = request.key;
  const { restoringPerHour } = settings.config;
  const now = instantOf(ports.now());
  const permit = await ports.control.spendRestoring(account, rollback.id, now, restoringPerHour);
  if (permit === "granted") return openHold(first);
  await withdraw(rollback, request.key, ports);
  return openHold(await decide(request, findNextHour(now), ports, settings));
}

type HeldStart = Omit<Start, "next"> & {
  readonly next:
    | { readonly kind: "end"; readonly outcome: RollbackOutcome }
    | { readonly kind: "go"; readonly held: HeldRollback; readonly capped: boolean };
};

function openHold({ next, ...told }: HeldStart): Start {
  return next.kind === "end" ? { ...told, next } : { ...told, next: { kind: "go", held: next.held } };
}

// A rollback that has made a call was counted before that.
function needsPermit({ held, capped }: { readonly held: HeldRollback; readonly capped: boolean }): boolean {
  const { plan, steps } = held.rollback;
  return !capped && steps.length === 0 && plan.steps.some(({ restores }) => restores);
}

async function decide(
  request: LookRequest,
  cappedUntil: Instant | undefined,
  ports: StartPorts,
  settings: GuardSettings,
): Promise<HeldStart> {
  const now = instantOf(ports.now());
  const { control, result } = await decideOnControl(ports.control, request.key, now, async (current) => {
    const running = findRunning(current);
    return running
      ? takeOver(current, running, request, ports)
      : decideNew(current, request, cappedUntil, await observeRole(request.watched, ports), ports, settings);
  });
  const { next, ...told } = result;
  if (next.kind === "end") return { ...told, next };
  const capped = cappedUntil !== undefined;
  return { ...told, next: { kind: "go", held: { control, rollback: next.rollback }, capped } };
}

async function takeOver(
  control: Control,
  running: RunningRollback,
  { key, runner }: LookRequest,
  ports: StartPorts,
): Promise<ControlDecision<Decided>> {
  const now = ports.now();
  if (!isAbandoned(running, instantOf(now))) {
    const seconds = (Date.parse(running.runner.until) - now.getTime()) / 1000;
    // The other invocation's clock may be ahead.
    const delay = Math.min(Math.ceil(seconds), maxDelaySeconds);
    await ports.requests.send({ continue: { role: key.name, rollbackId: running.id } }, delay);
    const outcome = nothingToDo("another invocation is rolling the role back");
    return { control, result: { ...nothingTold, next: { kind: "end", outcome } } };
  }
  const until = instantOf(new Date(now.getTime() + holdSeconds * 1000));
  const rollback: RunningRollback = { ...running, runner: { id: runner, until } };
  await sendWatch(rollback, key, ports);
  const rollbacks = control.rollbacks.map((each) => (each.id === rollback.id ? rollback : each));
  return {
    control: { ...control, rollbacks },
    result: { ...nothingTold, next: { kind: "go", rollback, isNew: false } },
  };
}

// Sent before the rollback is stored, so that a crash at any later point is followed by a message.
async function sendWatch(
  { id }: Pick<RunningRollback, "id">,
  { name }: RoleKey,
  { requests }: StartPorts,
): Promise<void> {
  await requests.send({ continue: { role: name, rollbackId: id } }, holdSeconds);
}

async function decideNew(
  stored: Control,
  { watched, key, byHint, runner }: LookRequest,
  cappedUntil: Instant | undefined,
  observation: Observation,
  ports: StartPorts,
  settings: GuardSettings,
): Promise<ControlDecision<Decided>> {
  const { config } = settings;
  const read = recordRead(
    stored,
    key,
    observation.status === "present" ? observation.assessments : [],
    config,
  );
  if (observation.status === "absent") return finish(read, nothingToDo(`${watched.name} does not exist`));
  const { role, assessments, now } = observation;
  const exceptions = listCountedExceptions(read);
  const live = assessments.filter(
    (evidence) => !isExcepted({ id: identifyFinding(key, evidence), evidence }, { exceptions, now }),
  );
  // Restoring depends on when a stranger could last begin a session.
  const control = recordSessions(read, role, assessments, now);
  const drifts = live.filter((evidence): evidence is Drift => evidence.kind === "drift");
  const standing = listStanding(role, control);
  if (drifts.length === 0 && !standing.some((revocation) => hasEnded(revocation, now))) {
    // A read may be older than the drift that the event reports: IAM is eventually consistent.
    const due = instantOf(new Date(Date.parse(now) + config.recheckSeconds * 1000));
    const later = byHint && !wasJustRolledBack(control, now) ? [{ due, findings: [] }] : [];
    const after = await scheduleTry(control, joinTries([...later, ...listRemovals(standing, now)]), ports);
    return finish(after, nothingToDo("the role has no drift that the owner did not accept"));
  }
  const delays = findDelays({ key, control, drifts, byHint, now, config });
  const critical = findCritical(drifts, key, watched, config);
  const policies = await readDriftedPolicies(watched, observation, ports);
  const planning: PlanningInput = {
    ...createPlanning({ watched, role, assessments, policies, control, config, now }),
    hold: (id) => delays.get(id),
    ...(cappedUntil !== undefined && {
      restoringCap: (id) => (critical.has(id) ? undefined : createCapObstacle(cappedUntil, config)),
    }),
  };
  const { plan, withheld, simulated } = planWithinSize(planning);
  const real = withheld.filter(({ simulated: isSimulated }) => isSimulated !== true);
  const isTold = ({ finding, reason }: Withheld) => delays.get(finding)?.reason !== reason;
  const simulations = [
    ...(simulated ? simulate(simulated, { watched, role, control }) : []),
    ...withheld.flatMap((each): FindingSimulation[] =>
      each.simulated && isTold(each) ? [{ id: each.finding, reason: each.reason }] : [],
    ),
  ];
  const refusals = real.flatMap((each) => listRefusals(each, delays.get(each.finding)));
  const later = joinTries([
    ...withheld.flatMap(({ finding, until: due }): LaterTry[] => (due ? [{ due, findings: [finding] }] : [])),
    ...listRemovals([...standing, ...listRevocations({ ...control, rollbacks: [{ plan }] })], now),
  ]);
  const scheduled = await scheduleTry(control, later, ports);
  if (plan.steps.length === 0) {
    const [told] = refusals;
    const [waiting] = real;
    const outcome: RollbackOutcome =
      told !== undefined
        ? { status: "refused", reason: told.reason }
        : nothingToDo(waiting?.reason ?? "the owner allows the rollback of no current drift");
    return finish(scheduled, outcome, { refusals, simulations });
  }
  const authority = authorise({ ...watched, plan, role, control });
  const reason = authority.go ? findSizeObstacle(plan) : authority.reason;
  if (reason !== undefined) {
    const all = plan.findings.map((id): FindingRefusal => ({ id, reason, temporary: false, quiet: false }));
    return finish(scheduled, { status: "refused", reason }, { refusals: [...refusals, ...all], simulations });
  }
  const until = instantOf(new Date(Date.parse(now) + holdSeconds * 1000));
  const exposure = scheduled.enrolment?.exposure;
  const rollback: RunningRollback = {
    id: ports.newId(),
    plan,
    before: recordRole(role, createDigester()),
    startedAt: now,
    ...(exposure && { exposedAt: exposure.at }),
    ...(settings.session !== undefined && { session: settings.session }),
    steps: [],
    status: "running",
    runner: { id: runner, until },
  };
  await sendWatch(rollback, key, ports);
  return {
    control: {
      ...scheduled,
      rollbacks: [...scheduled.rollbacks, rollback],
      attempts: addStarts(scheduled.attempts, plan.findings, now),
    },
    result: {
      refusals,
      simulations,
      planned: drifts.filter(
        (drift) =>
          plan.findings.includes(identifyFinding(key, drift)) &&
          // The guard's own policy is no finding.
          !standing.some(({ policyName }) => drift.part.kind === "inline" && drift.part.name === policyName),
      ),
      next: { kind: "go", rollback, isNew: true },
    },
  };
}

// What does not fit in one item of the control table waits.
function planWithinSize(planning: PlanningInput): PlanningResult {
  const result = planRollback(planning);
  const oversized = findOversized(result.plan, planning.now);
  if (oversized.size === 0) return result;
  return planRollback({ ...planning, hold: (id) => planning.hold?.(id) ?? oversized.get(id) });
}

/** Returns when revocations that are in force must be removed. */
function listRemovals(revocations: readonly Revocation[], now: Instant): readonly LaterTry[] {
  return revocations.flatMap((revocation) =>
    hasEnded(revocation, now) ? [] : [{ due: revocation.until, findings: [] }],
  );
}

function finish(
  control: Control,
  outcome: RollbackOutcome,
  told: Partial<Told> = {},
): ControlDecision<Decided> {
  return { control, result: { ...nothingTold, ...told, next: { kind: "end", outcome } } };
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

// The rollback's own findings stay open until later reads are clean, and their events need no second look.
const quietSeconds = 900;

function wasJustRolledBack({ rollbacks }: Control, now: Instant): boolean {
  return rollbacks.some(
    (rollback) =>
      rollback.status !== "running" && Date.parse(now) - Date.parse(rollback.endedAt) < quietSeconds * 1000,
  );
}

// The rollback made no call, so that it counts as no attempt.
async function withdraw(
  { id, plan, startedAt }: RunningRollback,
  key: RoleKey,
  ports: StartPorts,
): Promise<void> {
  await decideOnControl(ports.control, key, instantOf(ports.now()), (control) => ({
    control: {
      ...control,
      rollbacks: control.rollbacks.filter((rollback) => rollback.id !== id),
      attempts: removeStarts(control.attempts, plan.findings, startedAt),
    },
    result: undefined,
  }));
}
