import { type Control, findRunning } from "@drift-guard/core/model/control";
import { type Instant, instantOf } from "@drift-guard/core/model/instant";
import type { RoleKey } from "@drift-guard/core/model/role";
import { isAbandoned, type RunningRollback } from "@drift-guard/core/model/rollback";
import { removeStarts } from "@drift-guard/core/rollback/attempts";
import { type ControlDecision, decideOnControl } from "../control-commit.ts";
import type { GuardSettings } from "../ports.ts";
import { type HeldRollback, holdSeconds } from "./execution.ts";
import { maxDelaySeconds } from "./later-try.ts";
import { findNextHour } from "./limits.ts";
import {
  type Decided,
  decideNew,
  type LookRequest,
  nothingTold,
  type StartPorts,
  sendWatch,
  type Told,
} from "./new-rollback.ts";
import { observeRole } from "./observation.ts";
import { nothingToDo, type RollbackOutcome } from "./outcome.ts";

/** A rollback to carry out or to continue, or the outcome where there is none; and what people are to be told. */
export interface Start extends Told {
  readonly next:
    | { readonly kind: "end"; readonly outcome: RollbackOutcome }
    | { readonly kind: "go"; readonly held: HeldRollback };
}

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
