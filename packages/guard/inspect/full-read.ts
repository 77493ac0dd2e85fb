import { BatchUnreadableError } from "@drift-guard/core/errors";
import type { FullReadRequest } from "@drift-guard/core/model/change";
import { decideFullRead } from "@drift-guard/core/model/full-reads";
import { addSeconds, type Instant, instantOf, millisecondsBetween } from "@drift-guard/core/model/instant";
import type { Cause } from "@drift-guard/core/model/transition";
import type { FullReadStore } from "@drift-guard/core/ports";
import type { GuardSettings, InspectPorts } from "../ports.ts";
import { type BulkReading, readRolesInBulk } from "./bulk-reading.ts";
import { findWatchedRolesWithUses, listConfiguredNames, listDiscoveredNames } from "./discovery.ts";
import { type Inspection, inspectRole } from "./inspection.ts";
import { waitsForRole } from "./recheck-series.ts";
import { refreshRegion } from "./usage.ts";

// Roles are inspected a few at a time: the function has a minute, and the stores have limits.
const parallelInspections = 8;
const maxSaveAttempts = 6;
// The roles must still be inspected in the function's minute.
const maxRefreshMilliseconds = 25_000;

/**
 * Inspects every watched role by account pages, after a read of AWS Batch in `region` if it is set, unless such a read that
 * began at `since` or later has finished or is requested. Reads begin at least a minute apart: a request within a minute of the last read is scheduled for the end of
 * that minute, once for all requests. Without a store of reads, every request reads at once. A first read is followed by
 * another after `recheckSeconds`. If AWS Batch cannot be read, the roles are inspected with its recorded uses. Throws
 * `BatchUnreadableError` then, and `StoreUnavailableError`.
 */
export async function readEveryRole(
  request: FullReadRequest,
  cause: Cause,
  ports: InspectPorts,
  settings: GuardSettings,
): Promise<readonly Inspection[]> {
  const store = ports.fullReads;
  const now = instantOf(ports.now());
  if (store && !(await beginRead(request, now, { ...ports, fullReads: store }, settings))) return [];
  const unread = request.region === undefined ? undefined : await refresh(request.region, ports, settings);
  const inspections = await inspectEveryRole(request.everyRole, cause, ports, settings);
  if (unread !== undefined) throw new BatchUnreadableError(unread);
  if (request.everyRole === "first") await requestAgain(now, request, ports, settings);
  if (store) await noteFinished(store, settings.account, request, now);
  return inspections;
}

function refresh(region: string, ports: InspectPorts, settings: GuardSettings): Promise<string | undefined> {
  return refreshRegion(region, ports, settings, AbortSignal.timeout(maxRefreshMilliseconds));
}

/** Returns whether this request must read now. Otherwise a read has met the request, or will. */
async function beginRead(
  request: FullReadRequest,
  now: Instant,
  { fullReads, rechecks }: Pick<InspectPorts, "rechecks"> & { readonly fullReads: FullReadStore },
  settings: GuardSettings,
): Promise<boolean> {
  const { account } = settings;
  const { region } = request;
  for (let attempt = 0; attempt < maxSaveAttempts; attempt += 1) {
    const reads = await fullReads.load(account, region);
    const decision = decideFullRead(reads, request.since, now);
    switch (decision.kind) {
      case "done":
        // A recheck may have read in place of this request, whose changes still need a second read.
        if (request.everyRole === "first") await requestAgain(now, request, { rechecks }, settings);
        return false;
      case "wait":
        return false;
      case "request": {
        const at = instantOf(decision.at);
        // Scheduled before it is noted: after a crash in between, a second request costs one more read, and none is lost.
        await rechecks.schedule({ ...request, since: at }, millisecondsBetween(now, at) / 1000);
        // Only a first read is followed by another, so calls may wait only for a first one.
        if (request.everyRole === "first") {
          await fullReads.save(account, { ...reads, requested: at }, region);
        }
        return false;
      }
      case "begin":
        if (await fullReads.save(account, { ...reads, begun: now }, region)) return true;
    }
  }
  // Others keep changing the item, so it does not help: reading is always right.
  return true;
}

async function requestAgain(
  now: Instant,
  request: FullReadRequest,
  { rechecks }: Pick<InspectPorts, "rechecks">,
  { config: { recheckSeconds } }: GuardSettings,
): Promise<void> {
  const since = addSeconds(now, recheckSeconds);
  await rechecks.schedule({ ...request, everyRole: "again", since }, recheckSeconds);
}

async function noteFinished(
  store: FullReadStore,
  account: string,
  { region }: FullReadRequest,
  finished: Instant,
): Promise<void> {
  for (let attempt = 0; attempt < maxSaveAttempts; attempt += 1) {
    const reads = await store.load(account, region);
    if (await store.save(account, { ...reads, finished }, region)) return;
  }
}

async function inspectEveryRole(
  everyRole: FullReadRequest["everyRole"],
  cause: Cause,
  ports: InspectPorts,
  settings: GuardSettings,
): Promise<readonly Inspection[]> {
  const began = instantOf(ports.now());
  const names = [
    ...(await listConfiguredNames(ports, settings)),
    ...(await listDiscoveredNames(ports, settings)),
  ];
  const watchedRoles = await findWatchedRolesWithUses(names, ports, settings);
  const inspections: Inspection[] = [];
  const failures: unknown[] = [];
  let running: Promise<void>[] = [];
  // A failure at one role does not stop the others. The message then returns to its queue.
  const inspect = async ({ watched, reading }: BulkReading) => {
    try {
      const occasion = { cause, evidence: [], ...(reading && { reading }) };
      const inspection = await inspectRole(watched, occasion, ports, settings);
      inspections.push(inspection);
      // A first read is followed by a read of every role, and an unreadable role by a series of its own.
      if ((inspection.recheck && everyRole === "again") || waitsForRole(inspection, began)) {
        await ports.rechecks.schedule({ role: watched.name, began }, settings.config.recheckSeconds);
      }
    } catch (error) {
      failures.push(error);
    }
  };
  for await (const read of readRolesInBulk(watchedRoles, ports.roles)) {
    running.push(inspect(read));
    if (running.length < parallelInspections) continue;
    await Promise.all(running);
    running = [];
  }
  await Promise.all(running);
  if (failures.length > 0) throw failures[0];
  return inspections;
}
