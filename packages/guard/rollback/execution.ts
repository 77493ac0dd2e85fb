import {
  ControlConflictError,
  formatCause,
  StepRefusedError,
  StepUnansweredError,
} from "@drift-guard/core/errors";
import type { Control } from "@drift-guard/core/model/control";
import { pruneControl } from "@drift-guard/core/model/control";
import { type Instant, instantOf, isBefore } from "@drift-guard/core/model/instant";
import type { PlannedStep } from "@drift-guard/core/model/plan";
import type { Role, RoleKey } from "@drift-guard/core/model/role";
import {
  type EndedRollback,
  listEffective,
  type RunningRollback,
  type StepOutcome,
  type StepRecord,
} from "@drift-guard/core/model/rollback";
import { applyStep } from "@drift-guard/core/rollback/apply-step";
import { markFailures } from "@drift-guard/core/rollback/attempts";
import { digestContent } from "@drift-guard/core/rollback/content";
import { listMakers } from "@drift-guard/core/rollback/makers";
import {
  createDigester,
  createExpectedStates,
  type Digester,
  type ExpectedStates,
  findEffect,
} from "@drift-guard/core/rollback/part-values";
import { findPauseOf } from "@drift-guard/core/rollback/pause";
import type { RollbackPorts } from "../ports.ts";

/**
 * How long an invocation holds the rollback that it carries out, in seconds, from its last write: longer than the function
 * may run. After that, another invocation continues the rollback.
 */
export const holdSeconds = 150;

// A step is begun only while this much of the function's time is left: the SDK tries a call for some seconds.
const reserveMs = 30_000;
// Reading the role before each removal would read every other inline policy each time.
const removalsBetweenReads = 8;
// A step whose answer was lost this often is given up.
const maxTries = 3;
// A lost answer is looked into after this time, when IAM's reads show the call's effect.
const settleSeconds = 30;

type ExecutionPorts = Pick<
  RollbackPorts,
  "roles" | "policies" | "writer" | "control" | "requests" | "now" | "timeLeft"
>;

/** A rollback that this invocation holds, with the control record as stored. */
export interface HeldRollback {
  readonly control: Control;
  readonly rollback: RunningRollback;
}

/** Where the execution stands: the role's expected states, and the parts of it that change. */
interface Execution {
  readonly key: RoleKey;
  readonly ports: ExecutionPorts;
  readonly digest: Digester;
  readonly expected: ExpectedStates;
  held: HeldRollback;
  /** The role after the steps that took effect. */
  role: Role;
  removalsSinceRead: number;
}

/** Another invocation holds the rollback now. */
class RollbackTakenOverError extends Error {
  override readonly name = "RollbackTakenOverError";
}

/** How an invocation left a rollback: ended, to be continued with a later message, or in the hands of another invocation. */
export type ExecutionResult =
  | { readonly kind: "ended"; readonly rollback: EndedRollback }
  | { readonly kind: "continues"; readonly rollback: RunningRollback }
  | { readonly kind: "taken-over" };

/**
 * Carries out the steps of a rollback that are left, in order. Each step is stored before its call, and its outcome
 * afterwards. The role is read before the first step, before each step that restores something, and after eight removals; a
 * part in an unexpected state ends the rollback, and so does what stands against restoring since the plan was made: another
 * document of a policy, or somebody who may have begun a session. After a crash, a read shows what became of the last step.
 *
 * Where the time runs out or an answer is lost, it sends a request to continue. Throws `StoreUnavailableError` and
 * `RoleUnreadableError`; the rollback is continued later then.
 */
export async function carryOut(
  held: HeldRollback,
  key: RoleKey,
  ports: ExecutionPorts,
): Promise<ExecutionResult> {
  const digest = createDigester();
  const { before, plan, steps } = held.rollback;
  const expected = createExpectedStates(before, digest);
  for (const { step } of steps) {
    const planned = plan.steps[step];
    if (planned) expected.add(planned);
  }
  const effective = listEffective(held.rollback).flatMap((index) => plan.steps[index] ?? []);
  const role = effective.reduce<Role>(applyStep, before);
  const execution: Execution = {
    key,
    ports,
    digest,
    expected,
    held,
    role,
    removalsSinceRead: removalsBetweenReads,
  };
  try {
    return (await settleLastStep(execution)) ?? (await takeSteps(execution));
  } catch (error) {
    if (error instanceof RollbackTakenOverError) return { kind: "taken-over" };
    throw error;
  }
}

async function takeSteps(execution: Execution): Promise<ExecutionResult> {
  const { ports } = execution;
  const { steps } = execution.held.rollback.plan;
  const effective = new Set(listEffective(execution.held.rollback));
  for (const [index, step] of steps.entries()) {
    if (effective.has(index)) continue;
    if ((ports.timeLeft?.() ?? Number.POSITIVE_INFINITY) < reserveMs) return leave(execution, 0);
    const foreign = await findForeignChange(execution, step);
    if (foreign !== undefined) return end(execution, foreign);
    const record: StepRecord = { step: index, intendedAt: nowOf(execution) };
    await update(execution, (rollback) => ({ ...rollback, steps: [...rollback.steps, record] }));
    execution.expected.add(step);
    const failure = await makeCall(execution, index, step);
    if (failure === "unanswered") return leave(execution, settleSeconds);
    if (failure !== undefined) return end(execution, failure);
    execution.role = applyStep(execution.role, step);
    if (!step.restores) execution.removalsSinceRead += 1;
  }
  return end(execution);
}

/** Makes the call of a step and stores its outcome. Returns why the rollback must stop; undefined if it goes on. */
async function makeCall(execution: Execution, index: number, step: PlannedStep): Promise<string | undefined> {
  const { writer } = execution.ports;
  const { id, plan, steps } = execution.held.rollback;
  try {
    const receipt = await writer.apply(step, { rollbackId: id, step: index });
    await setOutcome(execution, { status: "done", at: nowOf(execution), ...receipt });
    return undefined;
  } catch (error) {
    if (error instanceof StepUnansweredError) return "unanswered";
    if (!(error instanceof StepRefusedError)) throw error;
    // An earlier call of the same step, whose answer was lost, has already removed it.
    const isRepeat = steps.filter((record) => record.step === index).length > 1;
    const isGone = isRepeat && error.code.startsWith("NoSuchEntity");
    const requestId = error.requestId === undefined ? {} : { requestId: error.requestId };
    await setOutcome(execution, { status: "refused", at: nowOf(execution), code: error.code, ...requestId });
    if (!isGone) return `${step.call} on ${plan.role} failed: ${formatCause(error)}`;
    await update(execution, (rollback) => ({
      ...rollback,
      steps: [
        ...rollback.steps,
        { step: index, intendedAt: nowOf(execution), outcome: { status: "observed", at: nowOf(execution) } },
      ],
    }));
    return undefined;
  }
}

/** Finds out by a read what became of a step that has no outcome. Returns how the rollback ends, if it does. */
async function settleLastStep(execution: Execution): Promise<ExecutionResult | undefined> {
  const { rollback } = execution.held;
  const last = rollback.steps.findLast(({ outcome }) => outcome === undefined);
  const step = last && rollback.plan.steps[last.step];
  if (!step) return undefined;
  const reading = await execution.ports.roles.read(rollback.plan.role);
  if (reading.status === "absent") return end(execution, `${rollback.plan.role} was deleted meanwhile.`);
  const effect = findEffect(step, execution.role, reading.role, execution.digest);
  await setOutcome(execution, {
    status: effect === "after" ? "observed" : "unanswered",
    at: nowOf(execution),
  });
  if (effect === "after") {
    execution.role = applyStep(execution.role, step);
    return undefined;
  }
  const tries = rollback.steps.filter((record) => record.step === last.step).length;
  if (effect === "before" && tries < maxTries) return undefined;
  return end(
    execution,
    effect === "before"
      ? `${step.call} on ${rollback.plan.role} got no answer ${tries} times, and no read shows its effect.`
      : foreignChange(rollback.plan.role, `${step.part}`),
  );
}

async function findForeignChange(execution: Execution, step: PlannedStep): Promise<string | undefined> {
  const paused = findNewPause(execution, step);
  if (paused !== undefined) return paused;
  if (!step.restores && execution.removalsSinceRead < removalsBetweenReads) return undefined;
  const { role: name } = execution.held.rollback.plan;
  const reading = await execution.ports.roles.read(name);
  if (reading.status === "absent") return `${name} was deleted meanwhile.`;
  execution.removalsSinceRead = 0;
  const part = execution.expected.findForeign(reading.role);
  if (part !== undefined) return foreignChange(name, part);
  return step.restores ? findNewObstacle(execution, step) : undefined;
}

/** Returns why a step is not taken in a pause that a person made since the rollback was planned; not by one who made the drifts. */
function findNewPause(
  { held: { control, rollback }, ports }: Execution,
  step: PlannedStep,
): string | undefined {
  const { pauses } = control;
  const made = pauses.filter(({ at }) => !isBefore(at, rollback.startedAt));
  if (made.length === 0) return undefined;
  const makers = step.findings.flatMap((id) => listMakers(id, control));
  const pause = findPauseOf(made, makers, instantOf(ports.now()));
  return pause && `${pause.by} paused the rollback until ${pause.until}, so nothing more was written.`;
}

/** Returns what stands against a step that restores, and did not when it was planned. */
async function findNewObstacle(
  { held: { control, rollback }, ports }: Execution,
  step: PlannedStep,
): Promise<string | undefined> {
  const exposure = control.enrolment?.exposure;
  if (exposure && exposure.at !== rollback.exposedAt) {
    return `Somebody may have begun a session of ${rollback.plan.role} since the rollback was planned, so nothing more was written.`;
  }
  if (!("content" in step) || step.content === undefined) return undefined;
  const live = await ports.policies.readPolicy(step.policyArn);
  return digestContent(live) === step.content ? undefined : foreignChange(rollback.plan.role, step.policyArn);
}

function foreignChange(role: string, part: string): string {
  return `${role} was changed by somebody else meanwhile (${part}), so nothing more was written.`;
}

async function end(execution: Execution, failure?: string): Promise<ExecutionResult> {
  const endedAt = nowOf(execution);
  const { control } = await update(execution, ({ runner: _, status: __, ...rest }) =>
    failure === undefined
      ? { ...rest, status: "done", endedAt }
      : { ...rest, status: "failed", endedAt, failure },
  );
  const rollback = control.rollbacks.find(({ id }) => id === execution.held.rollback.id);
  if (rollback === undefined || rollback.status === "running") return { kind: "taken-over" };
  return { kind: "ended", rollback };
}

/** Ends the hold on the rollback, after the message that continues it is sent. */
async function leave(execution: Execution, afterSeconds: number): Promise<ExecutionResult> {
  const { key, ports } = execution;
  const { id } = execution.held.rollback;
  await ports.requests.send({ continue: { role: key.name, rollbackId: id } }, afterSeconds);
  const until = instantOf(new Date(ports.now().getTime() + afterSeconds * 1000));
  await update(execution, (rollback) => ({ ...rollback, runner: { ...rollback.runner, until } }), until);
  return { kind: "continues", rollback: execution.held.rollback };
}

async function setOutcome(execution: Execution, outcome: StepOutcome): Promise<void> {
  await update(execution, (rollback) => {
    const index = rollback.steps.findLastIndex((record) => record.outcome === undefined);
    return {
      ...rollback,
      steps: rollback.steps.map((record, at) => (at === index ? { ...record, outcome } : record)),
    };
  });
}

/**
 * Commits a change of the rollback and extends the hold on it. Another message may have committed to the same record
 * meanwhile: the change is made again on the new record, as long as this invocation holds the rollback.
 */
async function update(
  execution: Execution,
  change: (rollback: RunningRollback) => RunningRollback | EndedRollback,
  until?: Instant,
): Promise<HeldRollback> {
  const { ports, key } = execution;
  const { id, runner } = execution.held.rollback;
  for (;;) {
    const { control } = execution.held;
    const current = control.rollbacks.find((rollback) => rollback.id === id);
    if (current?.status !== "running" || current.runner.id !== runner.id) {
      throw new RollbackTakenOverError(`Another invocation carries out the rollback ${id}.`);
    }
    const now = ports.now();
    const hold = until ?? instantOf(new Date(now.getTime() + holdSeconds * 1000));
    const changed = change({ ...current, runner: { id: runner.id, until: hold } });
    const after: Control = {
      ...keepEnrolment(control, changed),
      rollbacks: control.rollbacks.map((rollback) => (rollback.id === id ? changed : rollback)),
      ...(changed.status !== "running" && { causes: markUndone(control, changed) }),
      ...(changed.status === "failed" && { attempts: noteFailures(control, changed) }),
    };
    try {
      const stored = await ports.control.commit({
        before: control,
        after: pruneControl(after, instantOf(now)),
      });
      execution.held = { control: stored, rollback: changed.status === "running" ? changed : current };
      return execution.held;
    } catch (error) {
      if (!(error instanceof ControlConflictError)) throw error;
      execution.held = { ...execution.held, control: await ports.control.load(key) };
    }
  }
}

// Restoring on a role that was made anew takes a person's approval: after it, the next clean read enrols that role.
function keepEnrolment(control: Control, { status, plan }: RunningRollback | EndedRollback): Control {
  const { enrolment, ...rest } = control;
  const isApproved = status === "done" && plan.steps.some(({ restores }) => restores);
  return isApproved && enrolment?.roleId !== plan.roleId ? rest : control;
}

// The changes that caused what was undone explain no later drift: only a new change does.
function markUndone({ causes }: Control, rollback: EndedRollback): Control["causes"] {
  const undone = new Set(listUndone(rollback));
  return causes.map((cause) =>
    undone.has(cause.findingId) && cause.undoneBy === undefined ? { ...cause, undoneBy: rollback.id } : cause,
  );
}

function noteFailures({ attempts }: Control, rollback: EndedRollback): Control["attempts"] {
  const undone = listUndone(rollback);
  const failed = rollback.plan.findings.filter((id) => !undone.includes(id));
  return markFailures(attempts, failed, rollback.startedAt);
}

/** Returns the ids of the findings whose every step took effect. */
export function listUndone(rollback: EndedRollback): readonly string[] {
  const effective = new Set(listEffective(rollback));
  const { steps, findings } = rollback.plan;
  return findings.filter((id) =>
    steps.every((step, index) => !step.findings.includes(id) || effective.has(index)),
  );
}

function nowOf({ ports }: Execution): Instant {
  return instantOf(ports.now());
}
