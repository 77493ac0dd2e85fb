import { isOff } from "@drift-guard/core/config/rollback-choice";
import { RoleUnreadableError } from "@drift-guard/core/errors";
import type { RollbackMessage } from "@drift-guard/core/intake/rollback-message";
import { type Instant, instantOf, isBefore } from "@drift-guard/core/model/instant";
import type { RoleKey } from "@drift-guard/core/model/role";
import { decideOnControl } from "../control-commit.ts";
import { findWatchedRolesWithUses } from "../inspect/discovery.ts";
import type { GuardSettings, RollbackPorts } from "../ports.ts";
import { recordCauses } from "./causes.ts";
import { enrolRole } from "./enrolment.ts";
import { carryOut } from "./execution.ts";
import { type LaterTry, scheduleTry, sendTry } from "./later-try.ts";
import type { LookRequest } from "./new-rollback.ts";
import { beginObserving, recordPhase } from "./observing.ts";
import { nothingToDo, type RollbackOutcome } from "./outcome.ts";
import { openPlanned } from "./planned-findings.ts";
import { isTemporary, reportContests, reportRefusals, reportRollbacks, reportSimulations } from "./report.ts";
import { startRollback } from "./start.ts";
import { awaitRole } from "./unread.ts";

/**
 * Handles a message of the rollback queue: rolls a role back to its reference, as far as the owner allows it. Believes the
 * control record, IAM, and the requests of the guard's own functions, and nothing else: the findings ledger only shows
 * people what was done. In doubt it writes nothing and commits a transition that says why. It resolves no finding: a later
 * clean read does. Repeating a message has no further effect.
 *
 * A role that cannot be read is looked at again later. Throws `StoreUnavailableError`, and what the queue throws; the
 * message must be repeated then.
 */
export async function handleRollbackMessage(
  message: RollbackMessage,
  ports: RollbackPorts,
  settings: GuardSettings,
): Promise<RollbackOutcome> {
  if ("observing" in message) return recordPhase(message.observing, ports, settings);
  const { account, name } = concernedRole(message, settings);
  if (account !== settings.account) return nothingToDo(`the message is about account ${account}`);
  const [watched] = await findWatchedRolesWithUses([name], ports, settings);
  if (!watched || watched.discovered) return nothingToDo(`${name} is not guarded`);
  // The function may read no other role.
  if (isOff(watched.guarded.rollback) || watched.reference.serviceLinked !== undefined)
    return nothingToDo(`rollback of ${name} is off`);
  const key: RoleKey = { account, name: watched.name };
  await beginObserving(key, ports, settings);
  if ("retry" in message && (await isUnderWay(message.retry, key, ports))) {
    await sendTry(key, message.retry, ports);
    return nothingToDo(`the next try is due at ${message.retry.due}`);
  }
  try {
    if ("enrol" in message) return await enrolRole(watched, key, ports, settings);
    if ("changed" in message) await recordCauses(watched, key, message.changed.change, ports, settings);
    if ("continue" in message && (await isFinished(message.continue.rollbackId, key, ports))) {
      return nothingToDo("the rollback has ended");
    }
    const request = { watched, key, byHint: "hint" in message, runner: ports.newId() };
    return await lookAtRole(request, ports, settings);
  } catch (error) {
    if (!(error instanceof RoleUnreadableError)) throw error;
    return awaitRole(error, message, watched, key, ports, settings);
  }
}

// A try that the record does not know of was replaced by an earlier one, or a clock that is ahead sent it: a look is always
// right, and schedules what is still to come. So no message sends itself for ever.
async function isUnderWay(
  { due }: LaterTry,
  key: RoleKey,
  { control, now }: Pick<RollbackPorts, "control" | "now">,
): Promise<boolean> {
  return isBefore(instantOf(now()), due) && (await control.load(key)).nextTry === due;
}

// Otherwise each message that watches a rollback would start another rollback, which is watched in turn.
async function isFinished(
  rollbackId: string,
  key: RoleKey,
  { control }: Pick<RollbackPorts, "control">,
): Promise<boolean> {
  const { rollbacks } = await control.load(key);
  const rollback = rollbacks.find(({ id }) => id === rollbackId);
  return rollback === undefined || (rollback.status !== "running" && rollback.told === true);
}

function concernedRole(
  message: Exclude<RollbackMessage, { observing: unknown }>,
  { account }: GuardSettings,
): RoleKey {
  if ("hint" in message) return message.hint;
  if ("enrol" in message) return { account, name: message.enrol.role };
  if ("changed" in message) return { account, name: message.changed.role };
  if ("continue" in message) return { account, name: message.continue.role };
  return { account, name: message.retry.role };
}

async function lookAtRole(
  request: LookRequest,
  ports: RollbackPorts,
  settings: GuardSettings,
): Promise<RollbackOutcome> {
  const { key } = request;
  const { next, refusals, simulations, planned } = await startRollback(request, ports, settings);
  if (next.kind === "go") await openPlanned(planned, request, next.held.rollback, ports, settings);
  const outcome = next.kind === "end" ? next.outcome : await execute(next.held, key, ports);
  const control = await ports.control.load(key);
  await reportRollbacks(control, key, ports);
  await reportContests(control, key, ports);
  await reportRefusals(refusals, key, ports);
  await reportSimulations(simulations, key, ports);
  return outcome;
}

async function execute(
  held: Parameters<typeof carryOut>[0],
  key: RoleKey,
  ports: RollbackPorts,
): Promise<RollbackOutcome> {
  const result = await carryOut(held, key, ports);
  if (result.kind === "taken-over") return nothingToDo("another invocation carries out the rollback");
  if (result.kind === "continues") return { status: "continues", rollback: result.rollback };
  const { rollback } = result;
  // What was rolled back may have kept other drifts from it, such as a trust policy that let strangers in.
  if (rollback.status === "done" || isTemporary(rollback)) {
    await postpone(key, { due: inMinutes(ports, endedMinutes), findings: rollback.plan.findings }, ports);
  }
  return { status: rollback.status, rollback };
}

// IAM's reads show a rollback by then.
const endedMinutes = 2;

function inMinutes({ now }: Pick<RollbackPorts, "now">, minutes: number): Instant {
  return instantOf(new Date(now().getTime() + minutes * 60_000));
}

async function postpone(key: RoleKey, later: LaterTry, ports: RollbackPorts): Promise<void> {
  await decideOnControl(ports.control, key, instantOf(ports.now()), async (control) => ({
    control: await scheduleTry(control, later, ports),
    result: undefined,
  }));
}
