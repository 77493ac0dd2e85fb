import type { UnreadRegion } from "@drift-guard/core/batch/unread-regions";
import { listWatchedRoles } from "@drift-guard/core/config/watched-role";
import { instantOf } from "@drift-guard/core/model/instant";
import type { Cause, Transition } from "@drift-guard/core/model/transition";
import { readRolesInBulk } from "../inspect/bulk-reading.ts";
import {
  findWatchedRolesWithUses,
  listConfiguredNames,
  listDiscoveredNames,
  listReportedNames,
  type WatchedRoleWithUses,
} from "../inspect/discovery.ts";
import { type Inspection, inspectRole } from "../inspect/inspection.ts";
import { lookInOtherRegions, type OtherRegions } from "../inspect/other-regions.ts";
import { waitsForRole } from "../inspect/recheck-series.ts";
import { refreshRegion } from "../inspect/usage.ts";
import type { GuardSettings, SweepPorts } from "../ports.ts";
import { beginFirstSweep, makeFirstReport } from "./first-report.ts";
import { announceInBatches, announceOverdue, renewInSecurityHub } from "./reminders.ts";
import {
  createFailureCollector,
  type FailureCollector,
  type SweepFailure,
  SweepIncompleteError,
  type SweepReport,
} from "./report.ts";

/** The inputs of a sweep and its results so far. */
interface SweepState {
  readonly ports: SweepPorts;
  readonly settings: GuardSettings;
  readonly signal: AbortSignal | undefined;
  readonly collectFailure: FailureCollector;
  /** The uses that each role was inspected with, as JSON, by lower-cased role name. */
  readonly inspectedUses: Map<string, string>;
  /** Names of roles with keys that seem unused, which is judged once AWS Batch is read in every Region. */
  readonly keysUnjudged: Set<string>;
  /** Lower-cased names of roles whose uses could not be read. */
  readonly failedLookups: Set<string>;
  readonly inspections: Inspection[];
  /** Why roles are inspected. */
  readonly cause: Extract<Cause, { kind: "sweep" }>;
  /** Transitions to announce again so that Security Hub keeps their findings, by id. */
  readonly renewed: Map<string, Transition>;
}

/**
 * Inspects every watched role and announces undelivered transitions again, so that lost events are made up for. The
 * roles in the configuration come first, with their recorded uses. Then AWS Batch is read, and the roles that it newly
 * uses or uses differently are inspected. `signal` ends the sweep before its next role. A failure does not stop the rest;
 * throws `SweepIncompleteError` at the end if there was any.
 */
export async function sweep(
  ports: SweepPorts,
  settings: GuardSettings,
  signal?: AbortSignal,
): Promise<SweepReport> {
  const failures: SweepFailure[] = [];
  const collectFailure = createFailureCollector(failures);
  // Roles that the configuration names are inspected even if those that match its patterns cannot be found.
  const configured =
    (await collectFailure("the names of the account's roles", () => listConfiguredNames(ports, settings))) ??
    listWatchedRoles(settings).map(({ name }) => name);
  const reported = await collectFailure("the findings of roles that match a pattern", () =>
    listReportedNames(ports, settings),
  );
  const guarded = [...configured, ...(reported ?? [])];
  // Where that cannot be found out, people wait for what other sweeps report, and for a day at most.
  const isFirst =
    (await collectFailure("the first report", () => beginFirstSweep(guarded, ports, settings))) ?? true;
  const state: SweepState = {
    ports,
    settings,
    signal,
    collectFailure,
    inspectedUses: new Map(),
    keysUnjudged: new Set(),
    failedLookups: new Set(),
    inspections: [],
    cause: { kind: "sweep", ...(isFirst && { first: true }) },
    renewed: new Map(),
  };
  const left = new Set(await inspectNamed(guarded, state));
  const failed = failures.length;
  const unread = await refreshRegions(state);
  const isRead = unread.length === 0 && failures.length === failed;
  if (!signal?.aborted) {
    const discovered = await collectFailure("the roles that AWS Batch uses", () =>
      listDiscoveredNames(ports, settings),
    );
    const names = [...guarded, ...(discovered ?? [])];
    await collectFailure("uses that AWS Batch does not have", () =>
      ports.usage.clean(settings.account, [...new Set(names)]),
    );
    for (const name of await inspectNamed(names, state)) left.add(name);
    if (isRead && state.keysUnjudged.size > 0) await judgeKeys(state);
  }
  const { announced: resent, unreadable } = await announceOverdue(ports, collectFailure, signal);
  const notResent = [...state.renewed.values()].filter(({ id }) => !resent.has(id));
  const renewed = await announceInBatches(notResent, ports, collectFailure, signal);
  const report: SweepReport = {
    inspections: state.inspections,
    resent: resent.size,
    renewed: renewed.length,
    unread,
    unreadable,
    left: [...left],
  };
  const isComplete = failures.length === 0 && left.size === 0 && !signal?.aborted;
  if (isFirst) {
    const roles = state.inspections.map(({ role }) => role);
    await collectFailure("the first report", () =>
      makeFirstReport({ roles, unread, isComplete }, ports, settings),
    );
  }
  if (isComplete) await collectFailure("telling rollback of the sweep", () => tellRollback(ports, settings));
  if (failures.length > 0) throw new SweepIncompleteError(failures, report);
  return report;
}

/** Tells rollback that a complete sweep has ended, if it waits for that: the observing phase ends some days later. */
async function tellRollback(
  { control, requests, now }: SweepPorts,
  { account }: GuardSettings,
): Promise<void> {
  if (requests === undefined) return;
  const { observing } = await control.load({ account, name: "*" });
  if (observing?.ended || observing?.sweptAt !== undefined) return;
  await requests.send({ observing: { sweptAt: instantOf(now()) } }, 0);
}

/**
 * Inspects the watched roles among some names, except those that were inspected with the same uses in this sweep. With
 * `otherRegions`, only those whose keys are not judged are inspected, and their keys are judged. Returns the names of the
 * roles that were not reached in time.
 */
async function inspectNamed(
  names: readonly string[],
  state: SweepState,
  otherRegions?: OtherRegions,
): Promise<readonly string[]> {
  const {
    ports,
    settings,
    signal,
    collectFailure,
    inspectedUses,
    keysUnjudged,
    inspections,
    cause,
    renewed,
  } = state;
  const watchedRoles = (await findRolesToSweep(names, state)).filter(
    ({ name, uses }) =>
      otherRegions !== undefined || inspectedUses.get(name.toLowerCase()) !== JSON.stringify(uses),
  );
  if (watchedRoles.length === 0) return [];
  const left = new Set(watchedRoles.map(({ name }) => name));
  const onFailure = (error: unknown) =>
    collectFailure("reading the account's roles in bulk", () => Promise.reject(error));
  for await (const { watched, reading } of readRolesInBulk(watchedRoles, ports.roles, onFailure)) {
    if (signal?.aborted) break;
    left.delete(watched.name);
    inspectedUses.set(watched.name.toLowerCase(), JSON.stringify(watched.uses));
    await collectFailure(`role ${watched.name}`, async () => {
      const otherUse = await otherRegions?.(watched.name);
      const occasion = { cause, evidence: [], ...(otherUse && { otherUse }), ...(reading && { reading }) };
      const began = instantOf(ports.now());
      const inspection = await inspectRole(watched, occasion, ports, settings);
      if (inspection.keysUnjudged) keysUnjudged.add(watched.name);
      inspections.push(inspection);
      if (inspection.recheck || waitsForRole(inspection, began)) {
        await ports.rechecks.schedule({ role: watched.name, began }, settings.config.recheckSeconds);
      }
      for (const each of await renewInSecurityHub(inspection, ports, settings)) renewed.set(each.id, each);
    });
  }
  return [...left];
}

async function judgeKeys(state: SweepState): Promise<void> {
  const { ports, settings, signal, keysUnjudged } = state;
  const place = { partition: settings.partition, known: settings.config.regions.batch };
  await inspectNamed([...keysUnjudged], state, lookInOtherRegions(ports, place, signal));
}

async function findRolesToSweep(
  names: readonly string[],
  { ports, settings, collectFailure, failedLookups }: SweepState,
): Promise<readonly WatchedRoleWithUses[]> {
  const distinct = new Map(names.map((name) => [name.toLowerCase(), name]));
  const found = await Promise.all(
    [...distinct].map(async ([key, name]) => {
      // A role whose uses could not be read is reported once.
      if (failedLookups.has(key)) return [];
      const watchedRoles = await collectFailure(`role ${name}`, () =>
        findWatchedRolesWithUses([name], ports, settings),
      );
      if (!watchedRoles) failedLookups.add(key);
      return watchedRoles ?? [];
    }),
  );
  return found.flat();
}

async function refreshRegions({
  ports,
  settings,
  signal,
  collectFailure,
}: SweepState): Promise<readonly UnreadRegion[]> {
  const unread: UnreadRegion[] = [];
  for (const region of settings.config.regions.batch) {
    const why = await collectFailure(`AWS Batch in ${region}`, () =>
      refreshRegion(region, ports, settings, signal),
    );
    if (why !== undefined) unread.push({ region, why });
  }
  return unread;
}
