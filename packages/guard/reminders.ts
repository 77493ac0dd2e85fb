import type { GuardedRole } from "@drift-guard/core/config";
import { identifyFinding } from "@drift-guard/core/digest";
import type { Finding } from "@drift-guard/core/finding";
import type { Transition, TransitionKind } from "@drift-guard/core/transition";
import type { UsedWard } from "./discovery.ts";
import type { Inspection } from "./inspect.ts";
import type { SweepPorts } from "./ports.ts";
import type { Attempt } from "./sweep-report.ts";

// A sink retries for some minutes by itself; what is unconfirmed after that was lost on the way.
const overdueMinutes = 15;
const announceAtOnce = 100;
const asking: readonly TransitionKind[] = ["opened", "grew", "reopened"];

/** The moment (ISO 8601) before which whatever was told should have been heard. */
function overdueAt({ now }: SweepPorts): string {
  return new Date(now().getTime() - overdueMinutes * 60_000).toISOString();
}

/**
 * The transitions that asked for a rollback which never came, though its owner wants it at once: the wish was lost, or
 * refused for a reason that passes. Only of drifts that were just seen, so that no role is bothered which cannot be read.
 */
export async function findUnanswered(
  ward: UsedWard,
  { role, evidence }: Inspection,
  ports: SweepPorts,
): Promise<readonly Transition[]> {
  const { guarded, reference, discovered } = ward;
  if (discovered || reference.serviceLinked !== undefined) return [];
  if (!Object.values(guarded.rollback).includes("automatic")) return [];
  const seen = new Set(evidence.map((piece) => identifyFinding(role, piece)));
  const { findings } = await ports.findings.load(role);
  const unanswered: Transition[] = [];
  for (const finding of findings) {
    if (!seen.has(finding.id) || !wantsRollback(finding, guarded)) continue;
    const history = await ports.findings.history(role, finding.id);
    const last = history.findLast(({ kind }) => asking.includes(kind));
    if (last && last.at < overdueAt(ports)) unanswered.push(last);
  }
  return unanswered;
}

function wantsRollback({ state, evidence, refusal, retry }: Finding, { rollback }: GuardedRole): boolean {
  if (state !== "open" || evidence.kind !== "drift" || evidence.side === "altered") return false;
  return rollback[evidence.side] === "automatic" && (refusal === undefined || retry === true);
}

/** Tells again what a sink has not confirmed; gives the ids of what was told, also where it could not tell all. */
export async function resendOverdue(
  ports: SweepPorts,
  attempt: Attempt,
  signal: AbortSignal | undefined,
): Promise<ReadonlySet<string>> {
  const told = new Set<string>();
  let waiting: Transition[] = [];
  const tellWaiting = async () => {
    const batch = waiting;
    waiting = [];
    for (const id of await announce(batch, ports, attempt, signal)) told.add(id);
  };
  await attempt("what no sink has confirmed", async () => {
    for await (const transition of ports.findings.undelivered(overdueAt(ports))) {
      if (signal?.aborted) return;
      waiting.push(transition);
      if (waiting.length === announceAtOnce) await tellWaiting();
    }
  });
  await tellWaiting();
  return told;
}

/** Tells transitions on the bus, so many at once; gives the ids of those that it took. */
export async function announce(
  transitions: readonly Transition[],
  { announcer }: SweepPorts,
  attempt: Attempt,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  const told: string[] = [];
  for (let from = 0; from < transitions.length && !signal?.aborted; from += announceAtOnce) {
    const batch = transitions.slice(from, from + announceAtOnce);
    await attempt("telling again what was told", async () => {
      await announcer.announce(batch);
      told.push(...batch.map(({ id }) => id));
    });
  }
  return told;
}
