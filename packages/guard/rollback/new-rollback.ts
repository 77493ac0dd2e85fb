import { leaveUncovered } from "@drift-guard/core/evaluate/coverage";
import type { Control } from "@drift-guard/core/model/control";
import type { Drift } from "@drift-guard/core/model/evidence";
import { identifyFinding } from "@drift-guard/core/model/identity";
import { addSeconds, type Instant, instantOf } from "@drift-guard/core/model/instant";
import type { RoleKey } from "@drift-guard/core/model/role";
import type { RunningRollback } from "@drift-guard/core/model/rollback";
import { addStarts } from "@drift-guard/core/rollback/attempts";
import { authorise } from "@drift-guard/core/rollback/authorise";
import { recordRole } from "@drift-guard/core/rollback/before-state";
import { listCountedExceptions } from "@drift-guard/core/rollback/counted-exceptions";
import { createDigester } from "@drift-guard/core/rollback/part-values";
import {
  hasEnded,
  listRevocations,
  listStanding,
  type Revocation,
} from "@drift-guard/core/rollback/revocation";
import type { ControlDecision } from "../control-commit.ts";
import type { WatchedRoleWithUses } from "../inspect/discovery.ts";
import type { GuardSettings, RollbackPorts } from "../ports.ts";
import { recordRead } from "./causes.ts";
import { holdSeconds } from "./execution.ts";
import { recordSessions } from "./exposure.ts";
import { joinTries, type LaterTry, scheduleTry } from "./later-try.ts";
import { planWithinLimits } from "./limited-plan.ts";
import { findSizeObstacle, recordUnexplained } from "./limits.ts";
import type { Observation } from "./observation.ts";
import { nothingToDo, type RollbackOutcome } from "./outcome.ts";
import { forgetGone } from "./recorded-makers.ts";
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

/** Nothing to tell. */
export const nothingTold: Told = { refusals: [], simulations: [], planned: [] };

/** What was decided of a look: a rollback that is stored with the control record, or the outcome. */
export type Decided = Told & {
  readonly next:
    | { readonly kind: "end"; readonly outcome: RollbackOutcome }
    | { readonly kind: "go"; readonly rollback: RunningRollback; readonly isNew: boolean };
};

/** The ports of the start of a rollback. */
export type StartPorts = Pick<RollbackPorts, "roles" | "policies" | "control" | "requests" | "now" | "newId">;

/**
 * Reads and plans a role that no rollback holds. Returns the control record with a new rollback, or with what else the read
 * showed, and what people are to be told. Throws `RoleUnreadableError`, `StoreUnavailableError`.
 */
export async function decideNew(
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
    instantOf(ports.now()),
    config,
  );
  if (observation.status === "absent") return finish(read, nothingToDo(`${watched.name} does not exist`));
  const { role, assessments, now } = observation;
  const seen = forgetGone(read, key, assessments, now, config);
  const exceptions = listCountedExceptions(seen, config);
  const live = assessments.flatMap(
    (evidence) => leaveUncovered({ id: identifyFinding(key, evidence), evidence }, { exceptions, now }) ?? [],
  );
  // Restoring depends on when a stranger could last begin a session.
  const drifts = live.filter((evidence): evidence is Drift => evidence.kind === "drift");
  const known = recordUnexplained(seen, drifts, { key, now, config });
  const control = recordSessions(known, role, assessments, now);
  const standing = listStanding(role, control);
  if (drifts.length === 0 && !standing.some((revocation) => hasEnded(revocation, now))) {
    // A read may be older than the drift that the event reports: IAM is eventually consistent.
    const due = addSeconds(now, config.recheckSeconds);
    const later = byHint && !wasJustRolledBack(control, now) ? [{ due, findings: [] }] : [];
    const after = await scheduleTry(control, joinTries([...later, ...listRemovals(standing, now)]), ports);
    return finish(after, nothingToDo("the role has no drift that the owner did not accept"));
  }
  const limited = await planWithinLimits(
    { watched, key, observation, control, drifts, cappedUntil },
    ports,
    settings,
  );
  const { plan, refusals, simulations, waiting } = limited;
  const removals = listRemovals(
    [...standing, ...listRevocations({ ...control, rollbacks: [{ plan }] })],
    now,
  );
  const scheduled = await scheduleTry(control, joinTries([...limited.later, ...removals]), ports);
  if (plan.steps.length === 0) {
    const [told] = refusals;
    const outcome: RollbackOutcome =
      told !== undefined
        ? { status: "refused", reason: told.reason }
        : nothingToDo(waiting ?? "the owner allows the rollback of no current drift");
    return finish(scheduled, outcome, { refusals, simulations });
  }
  const authority = authorise({ ...watched, plan, role, control });
  const reason = authority.go ? findSizeObstacle(plan) : authority.reason;
  if (reason !== undefined) {
    const all = plan.findings.map((id): FindingRefusal => ({ id, reason, temporary: false, quiet: false }));
    return finish(scheduled, { status: "refused", reason }, { refusals: [...refusals, ...all], simulations });
  }
  const until = addSeconds(now, holdSeconds);
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

// The rollback's own findings stay open until later reads are clean, and their events need no second look.
const quietSeconds = 900;

function wasJustRolledBack({ rollbacks }: Control, now: Instant): boolean {
  return rollbacks.some(
    (rollback) =>
      rollback.status !== "running" && Date.parse(now) - Date.parse(rollback.endedAt) < quietSeconds * 1000,
  );
}

/**
 * Sends the message that continues a rollback if it is cut off. It is sent before the rollback is stored, so that a crash at
 * any later point is followed by a message.
 */
export async function sendWatch(
  { id }: Pick<RunningRollback, "id">,
  { name }: RoleKey,
  { requests }: StartPorts,
): Promise<void> {
  await requests.send({ continue: { role: name, rollbackId: id } }, holdSeconds);
}
