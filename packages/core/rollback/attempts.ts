import { nameActor } from "../config/trusted-actor.ts";
import type { Attempts, Control, RecordedCause } from "../model/control.ts";
import { addSeconds, type Instant, instantOf, isBefore, millisecondsBetween } from "../model/instant.ts";

/** Rollbacks of one finding in a week that start at once: the first, and those of the first two returns. */
const promptRollbacks = 3;
/** The pause before the next rollback, in minutes: it doubles with each. */
const pauses = { first: 5, longest: 360 };
const windowDays = 7;

type AttemptRecord = Pick<Control, "attempts" | "resets">;

/** Returns when the rollbacks of a finding started in the last week, since a person last reset them; the oldest first. */
export function listStarts(
  { attempts, resets }: AttemptRecord,
  findingId: string,
  now: Instant,
): readonly Instant[] {
  const since = instantOf(new Date(Date.parse(now) - windowDays * 86_400_000));
  const reset = resets.find((each) => each.findingId === findingId)?.at ?? since;
  const starts = attempts.find((each) => each.findingId === findingId)?.starts ?? [];
  return starts.filter((at) => !isBefore(at, since) && isBefore(reset, at));
}

/** Returns those of the starts (`listStarts`) whose rollbacks did not fail: the drift came back after each but the last. */
export function listUndoingStarts(
  control: AttemptRecord,
  findingId: string,
  now: Instant,
): readonly Instant[] {
  const failures = control.attempts.find((each) => each.findingId === findingId)?.failures ?? [];
  return listStarts(control, findingId, now).filter((at) => !failures.includes(at));
}

/**
 * Whether something else keeps setting a drift: it came back after the prompt rollbacks of the last week. Rollbacks that
 * failed say nothing about that.
 */
export function isContested(control: AttemptRecord, findingId: string, now: Instant): boolean {
  return listUndoingStarts(control, findingId, now).length >= promptRollbacks;
}

/**
 * Returns when the next rollback of a finding may start; undefined if at once. The first two returns of a week are undone
 * at once, later ones after pauses that double from 5 minutes to 6 hours.
 */
export function findNextStart(control: AttemptRecord, findingId: string, now: Instant): Instant | undefined {
  const starts = listStarts(control, findingId, now);
  const last = starts.at(-1);
  if (last === undefined || starts.length < promptRollbacks) return undefined;
  const minutes = Math.min(pauses.first * 2 ** (starts.length - promptRollbacks), pauses.longest);
  const next = addSeconds(last, minutes * 60);
  return isBefore(now, next) ? next : undefined;
}

/** Returns the attempts with a start of each of these findings at `now`. */
export function addStarts(
  attempts: readonly Attempts[],
  findings: readonly string[],
  now: Instant,
): readonly Attempts[] {
  const started = new Set(findings);
  const known = attempts.map((each) =>
    started.delete(each.findingId) ? { ...each, starts: [...each.starts, now] } : each,
  );
  return [...known, ...[...started].map((findingId): Attempts => ({ findingId, starts: [now] }))];
}

/** Returns the attempts in which the rollback that started at a time is noted as failed for each of these findings. */
export function markFailures(
  attempts: readonly Attempts[],
  findings: readonly string[],
  startedAt: Instant,
): readonly Attempts[] {
  return attempts.map((each) =>
    findings.includes(each.findingId) ? { ...each, failures: [...(each.failures ?? []), startedAt] } : each,
  );
}

/** Returns the attempts without the start of each of these findings at a time: the rollback made no call. */
export function removeStarts(
  attempts: readonly Attempts[],
  findings: readonly string[],
  startedAt: Instant,
): readonly Attempts[] {
  return attempts.flatMap((each) => {
    if (!findings.includes(each.findingId)) return [each];
    const starts = each.starts.filter((at) => at !== startedAt);
    return starts.length === 0 ? [] : [{ ...each, starts }];
  });
}

/**
 * Returns the sentences that tell people of a contested drift: how often it came back after a rollback, who set it the last
 * time and with which tool, and what the guard does from now on. `starts` are those of its rollbacks (`listUndoingStarts`).
 */
export function describeContest(starts: readonly Instant[], cause: RecordedCause | undefined): string {
  const [first, last] = [starts.at(0), starts.at(-1)];
  const returns = starts.length - 1;
  const span = first === undefined || last === undefined ? 0 : millisecondsBetween(first, last) / 60_000;
  const often =
    returns < 1
      ? ""
      : ` within ${formatMinutes(Math.max(1, Math.round(span)))}, since it came back about every ${formatMinutes(Math.max(1, Math.round(span / returns)))}`;
  return `drift-guard rolled it back ${starts.length} times${often}. ${describeRival(cause)} The first ${promptRollbacks} rollbacks in ${windowDays} days begin at once, later ones after pauses from ${pauses.first} minutes to ${pauses.longest / 60} hours.`;
}

function describeRival(cause: RecordedCause | undefined): string {
  if (cause === undefined) return "Who set it is not known.";
  const { actor, call } = cause;
  const tool = actor.userAgent;
  if (tool !== undefined && isGuardTool(tool)) {
    return `The last time, another deployment of drift-guard set it, as ${nameActor(actor)} (${call}): the two disagree about the role's reference.`;
  }
  return `The last time, ${nameActor(actor)} set it (${call}${tool === undefined ? "" : `, with ${tool.slice(0, 200)}`}).`;
}

/** Whether a user agent is that of a rollback of drift-guard. Anybody can claim it. */
function isGuardTool(userAgent: string): boolean {
  return /(?:^|\s)drift-guard\//.test(userAgent);
}

function formatMinutes(minutes: number): string {
  if (minutes < 120) return minutes === 1 ? "minute" : `${minutes} minutes`;
  return `${Math.round(minutes / 60)} hours`;
}
