import type { GuardedRole } from "@drift-guard/core/config/config";
import { isOff, type RollbackMode } from "@drift-guard/core/config/rollback-choice";
import type { Finding } from "@drift-guard/core/model/finding";
import { identifyFinding } from "@drift-guard/core/model/identity";
import { type Instant, instantOf, isBefore } from "@drift-guard/core/model/instant";
import { rollbackKinds, type Transition, type TransitionKind } from "@drift-guard/core/model/transition";
import type { WatchedRoleWithUses } from "../inspect/discovery.ts";
import type { Inspection } from "../inspect/inspection.ts";
import type { GuardSettings, SweepPorts } from "../ports.ts";
import type { FailureCollector } from "./report.ts";

// A sink retries for some minutes on its own. A transition that it has not marked after that is lost.
const overdueAfterMinutes = 15;
/** Transitions in one call of the announcer. */
const announceBatchSize = 100;
const renewAfterDays = 30;

/** Returns the time before which every announced transition should have been delivered. */
function findOverdueTime({ now }: Pick<SweepPorts, "now">): Instant {
  return instantOf(new Date(now().getTime() - overdueAfterMinutes * 60_000));
}

/**
 * Finds the transitions that requested a rollback which never came: the request was lost, or refused for a temporary
 * reason. Only for drift seen in this sweep: unreadable roles are skipped.
 */
export async function findUnansweredRequests(
  watched: WatchedRoleWithUses,
  { role, evidence }: Inspection,
  ports: Pick<SweepPorts, "findings" | "now">,
): Promise<readonly Transition[]> {
  const { guarded, reference, discovered } = watched;
  if (discovered || reference.serviceLinked !== undefined) return [];
  if (isOff(guarded.rollback)) return [];
  const seen = new Set(evidence.map((piece) => identifyFinding(role, piece)));
  const { findings } = await ports.findings.load(role);
  const unanswered: Transition[] = [];
  for (const finding of findings) {
    if (!seen.has(finding.id) || modeOf(finding, guarded) === "off") continue;
    const history = await ports.findings.history(role, finding.id);
    const index = history.findLastIndex(({ kind }) => rollbackKinds.includes(kind));
    const last = history[index];
    if (!last || !isBefore(last.at, findOverdueTime(ports))) continue;
    const isAnswered = history.slice(index + 1).some(({ kind }) => answerKinds.includes(kind));
    if (isAsked(finding, guarded, last.kind, isAnswered)) unanswered.push(last);
  }
  return unanswered;
}

const answerKinds: readonly TransitionKind[] = ["rolled-back", "refused", "simulated"];

/** The mode in which the drift of an open finding is rolled back; off for every other finding. */
function modeOf({ state, evidence }: Finding, { rollback }: GuardedRole): RollbackMode {
  return state === "open" && evidence.kind === "drift" ? rollback[evidence.side] : "off";
}

function isAsked(finding: Finding, guarded: GuardedRole, last: TransitionKind, isAnswered: boolean): boolean {
  const { refusal, retry, simulation } = finding;
  if (retry === true) return true;
  if (last === "approved" && !isAnswered) return true;
  switch (modeOf(finding, guarded)) {
    case "automatic":
      return refusal === undefined;
    case "simulate":
      return simulation === undefined;
    case "approve":
    case "off":
      return false;
  }
}

/**
 * Marks the last transitions of open findings for a new import into Security Hub, and returns them. Security Hub deletes
 * an active finding that was not updated for 90 days (docs/aws-facts.md, "Security Hub"); renewing after 30 days leaves
 * room for two imports that fail.
 */
export async function renewInSecurityHub(
  { role }: Inspection,
  { findings, now }: Pick<SweepPorts, "findings" | "now">,
  { config }: GuardSettings,
): Promise<readonly Transition[]> {
  if (!config.securityHub) return [];
  const time = now();
  const renewBefore = instantOf(new Date(time.getTime() - renewAfterDays * 86_400_000));
  const renewed: Transition[] = [];
  for (const finding of (await findings.load(role)).findings) {
    if (finding.state !== "open" || !isBefore(finding.updatedAt, renewBefore)) continue;
    const last = await findings.findDelivery({ finding });
    if (!last || !isBefore(last.renewedAt ?? last.transition.at, renewBefore)) continue;
    await findings.renew(last.transition, "securityhub", instantOf(time));
    renewed.push(last.transition);
  }
  return renewed;
}

/**
 * Announces again the transitions that a sink has not marked as delivered in time. Returns the ids of those that the bus
 * took, even if reading or announcing others failed.
 */
export async function announceOverdue(
  ports: Pick<SweepPorts, "findings" | "announcer" | "now">,
  collectFailure: FailureCollector,
  signal: AbortSignal | undefined,
): Promise<ReadonlySet<string>> {
  const announced = new Set<string>();
  let waiting: Transition[] = [];
  const announceWaiting = async () => {
    const batch = waiting;
    waiting = [];
    for (const id of await announceInBatches(batch, ports, collectFailure, signal)) announced.add(id);
  };
  await collectFailure("reading the undelivered transitions", async () => {
    for await (const transition of ports.findings.undelivered(findOverdueTime(ports))) {
      if (signal?.aborted) return;
      waiting.push(transition);
      if (waiting.length === announceBatchSize) await announceWaiting();
    }
  });
  await announceWaiting();
  return announced;
}

/** Announces transitions in batches until `signal` aborts. Returns the ids of those that the bus took. */
export async function announceInBatches(
  transitions: readonly Transition[],
  { announcer }: Pick<SweepPorts, "announcer">,
  collectFailure: FailureCollector,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  const announced: string[] = [];
  for (let from = 0; from < transitions.length && !signal?.aborted; from += announceBatchSize) {
    const batch = transitions.slice(from, from + announceBatchSize);
    await collectFailure("announcing transitions again", async () => {
      await announcer.announce(batch);
      announced.push(...batch.map(({ id }) => id));
    });
  }
  return announced;
}
