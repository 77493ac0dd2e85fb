import { type Instant, instantOf, isBefore } from "@drift-guard/core/model/instant";
import type { Transition } from "@drift-guard/core/model/transition";
import type { UnreadableItem } from "@drift-guard/core/ports";
import { findQuietEnd } from "../delivery/quieting.ts";
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
 * Marks the last transitions of open findings for a new import into Security Hub, and returns them. Security Hub deletes
 * an active finding that was not updated for 90 days (docs/aws-facts.md, "Security Hub"); renewing after 30 days leaves
 * room for two imports that fail. A finding whose suppression there has ended is imported anew at once: that tells people.
 */
export async function renewInSecurityHub(
  { role }: Inspection,
  { findings, hub, now }: Pick<SweepPorts, "findings" | "hub" | "now">,
  { config }: GuardSettings,
): Promise<readonly Transition[]> {
  if (!config.securityHub) return [];
  const time = now();
  const renewBefore = instantOf(new Date(time.getTime() - renewAfterDays * 86_400_000));
  const renewed: Transition[] = [];
  for (const finding of (await findings.load(role)).findings) {
    if (finding.state !== "open") continue;
    const ended = hub && findQuietEnd(await hub.loadFinding(role, finding.id), instantOf(time));
    const isOld = isBefore(finding.updatedAt, renewBefore);
    if (!isOld && ended === undefined) continue;
    const last = await findings.findDelivery({ finding });
    const at = last?.renewedAt ?? last?.transition.at;
    if (!last || at === undefined) continue;
    if (!isBefore(at, renewBefore) && (ended === undefined || !isBefore(at, ended))) continue;
    await findings.renew(last.transition, "securityhub", instantOf(time));
    renewed.push(last.transition);
  }
  return renewed;
}

/** What became of the transitions that no sink marked as delivered in time. */
interface Reminders {
  /** Ids of those that the bus took, even if reading or announcing others failed. */
  readonly announced: ReadonlySet<string>;
  /** Those that cannot be read: nobody is told of them. */
  readonly unreadable: readonly UnreadableItem[];
}

/**
 * Announces again the transitions that a sink has not marked as delivered in time. One that cannot be read is named once: it
 * is not due any more.
 */
export async function announceOverdue(
  ports: Pick<SweepPorts, "findings" | "announcer" | "now">,
  collectFailure: FailureCollector,
  signal: AbortSignal | undefined,
): Promise<Reminders> {
  const unreadable: UnreadableItem[] = [];
  const announced = new Set<string>();
  let waiting: Transition[] = [];
  const announceWaiting = async () => {
    const batch = waiting;
    waiting = [];
    for (const id of await announceInBatches(batch, ports, collectFailure, signal)) announced.add(id);
  };
  await collectFailure("reading the undelivered transitions", async () => {
    for await (const transition of ports.findings.undelivered(findOverdueTime(ports), (item) => {
      unreadable.push(item);
    })) {
      if (signal?.aborted) return;
      waiting.push(transition);
      if (waiting.length === announceBatchSize) await announceWaiting();
    }
  });
  await announceWaiting();
  return { announced, unreadable };
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
