import type { GuardedRole } from "@drift-guard/core/config/config";
import type { Finding } from "@drift-guard/core/model/finding";
import { identifyFinding } from "@drift-guard/core/model/identity";
import { type Instant, instantOf, isBefore } from "@drift-guard/core/model/instant";
import { rollbackKinds, type Transition } from "@drift-guard/core/model/transition";
import type { WatchedRoleWithUses } from "../inspect/discovery.ts";
import type { Inspection } from "../inspect/inspection.ts";
import type { GuardSettings, SweepPorts } from "../ports.ts";
import type { FailureCollector } from "./report.ts";

// A sink retries for some minutes by itself; what is unconfirmed after that was lost on the way.
const overdueAfterMinutes = 15;
const announceBatchSize = 100;
const renewAfterDays = 30;

/** The moment before which whatever was told should have been heard. */
function findOverdueTime({ now }: Pick<SweepPorts, "now">): Instant {
  return instantOf(new Date(now().getTime() - overdueAfterMinutes * 60_000));
}

/**
 * The transitions that asked for a rollback which never came, though its owner wants it at once: the wish was lost, or
 * refused for a reason that passes. Only of drifts that were just seen, so that no role is bothered which cannot be read.
 */
export async function findUnansweredRequests(
  watched: WatchedRoleWithUses,
  { role, evidence }: Inspection,
  ports: Pick<SweepPorts, "findings" | "now">,
): Promise<readonly Transition[]> {
  const { guarded, reference, discovered } = watched;
  if (discovered || reference.serviceLinked !== undefined) return [];
  if (!Object.values(guarded.rollback).includes("automatic")) return [];
  const seen = new Set(evidence.map((piece) => identifyFinding(role, piece)));
  const { findings } = await ports.findings.load(role);
  const unanswered: Transition[] = [];
  for (const finding of findings) {
    if (!seen.has(finding.id) || !wantsRollback(finding, guarded)) continue;
    const history = await ports.findings.history(role, finding.id);
    const last = history.findLast(({ kind }) => rollbackKinds.includes(kind));
    if (last && last.at < findOverdueTime(ports)) unanswered.push(last);
  }
  return unanswered;
}

function wantsRollback({ state, evidence, refusal, retry }: Finding, { rollback }: GuardedRole): boolean {
  if (state !== "open" || evidence.kind !== "drift" || evidence.side === "altered") return false;
  return rollback[evidence.side] === "automatic" && (refusal === undefined || retry === true);
}

/**
 * The transitions of open findings that Security Hub is to be told again: it forgets an active finding that nobody has
 * updated for 90 days (platform-facts 5.6). A month leaves room for two that go wrong.
 */
export async function renewInSecurityHub(
  { role }: Inspection,
  { findings, now }: Pick<SweepPorts, "findings" | "now">,
  { config }: GuardSettings,
): Promise<readonly Transition[]> {
  if (!config.securityHub) return [];
  const moment = now();
  const monthAgo = instantOf(new Date(moment.getTime() - renewAfterDays * 86_400_000));
  const renewed: Transition[] = [];
  for (const finding of (await findings.load(role)).findings) {
    if (finding.state !== "open" || !isBefore(finding.updatedAt, monthAgo)) continue;
    const last = await findings.findDelivery({ finding });
    if (!last || !isBefore(last.renewedAt ?? last.transition.at, monthAgo)) continue;
    await findings.renew(last.transition, "securityhub", instantOf(moment));
    renewed.push(last.transition);
  }
  return renewed;
}

/** Tells again what a sink has not confirmed; gives the ids of what was told, also where it could not tell all. */
export async function announceOverdue(
  ports: Pick<SweepPorts, "findings" | "announcer" | "now">,
  attempt: FailureCollector,
  signal: AbortSignal | undefined,
): Promise<ReadonlySet<string>> {
  const told = new Set<string>();
  let waiting: Transition[] = [];
  const tellWaiting = async () => {
    const batch = waiting;
    waiting = [];
    for (const id of await announceInBatches(batch, ports, attempt, signal)) told.add(id);
  };
  await attempt("what no sink has confirmed", async () => {
    for await (const transition of ports.findings.undelivered(findOverdueTime(ports))) {
      if (signal?.aborted) return;
      waiting.push(transition);
      if (waiting.length === announceBatchSize) await tellWaiting();
    }
  });
  await tellWaiting();
  return told;
}

/** Tells transitions on the bus, so many at once; gives the ids of those that it took. */
export async function announceInBatches(
  transitions: readonly Transition[],
  { announcer }: Pick<SweepPorts, "announcer">,
  attempt: FailureCollector,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  const told: string[] = [];
  for (let from = 0; from < transitions.length && !signal?.aborted; from += announceBatchSize) {
    const batch = transitions.slice(from, from + announceBatchSize);
    await attempt("telling again what was told", async () => {
      await announcer.announce(batch);
      told.push(...batch.map(({ id }) => id));
    });
  }
  return told;
}
