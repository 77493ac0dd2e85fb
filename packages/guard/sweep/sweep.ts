import { listWatchedRoles } from "@drift-guard/core/config/watched-role";
import { RoleUnreadableError } from "@drift-guard/core/errors";
import { type RoleReading, sameRoleName } from "@drift-guard/core/model/role";
import type { Transition } from "@drift-guard/core/model/transition";
import {
  findWatchedRolesWithUses,
  listDiscoveredNames,
  type WatchedRoleWithUses,
} from "../inspect/discovery.ts";
import { type Inspection, inspectRole } from "../inspect/inspection.ts";
import { refreshRegion } from "../inspect/usage.ts";
import type { GuardSettings, SweepPorts } from "../ports.ts";
import {
  announceInBatches,
  announceOverdue,
  findUnansweredRequests,
  renewInSecurityHub,
} from "./reminders.ts";
import {
  createFailureCollector,
  type FailureCollector,
  type SweepFailure,
  SweepIncompleteError,
  type SweepReport,
  type UnreadRegion,
} from "./report.ts";

/** What a sweep goes by, and what it has gathered so far. */
interface SweepState {
  readonly ports: SweepPorts;
  readonly settings: GuardSettings;
  readonly signal: AbortSignal | undefined;
  readonly collectFailure: FailureCollector;
  /** By role name in lower case, the uses that the role was looked at with. */
  readonly inspectedUses: Map<string, string>;
  /** Names in lower case of roles of which not even the uses could be found out. */
  readonly failedLookups: Set<string>;
  readonly inspections: Inspection[];
  /** By id, what is to be told again for its rollback's sake … */
  readonly unansweredRequests: Map<string, Transition>;
  /** … and for Security Hub's. */
  readonly renewed: Map<string, Transition>;
}

/**
 * Looks at every guarded role, and tells again what was not delivered: it finds what no event told. The guarded roles
 * come first, by what is known to use them; then AWS Batch is read, and the roles that join or are used otherwise by
 * that. Whatever fails keeps nothing else from being done; throws `SweepIncompleteError` at the end.
 */
export async function sweep(
  ports: SweepPorts,
  settings: GuardSettings,
  signal?: AbortSignal,
): Promise<SweepReport> {
  const failures: SweepFailure[] = [];
  const attempt = createFailureCollector(failures);
  const sweeping: SweepState = {
    ports,
    settings,
    signal,
    collectFailure: attempt,
    inspectedUses: new Map(),
    failedLookups: new Set(),
    inspections: [],
    unansweredRequests: new Map(),
    renewed: new Map(),
  };
  const guarded = listWatchedRoles(settings).map(({ name }) => name);
  const left = new Set(await inspectNamed(guarded, sweeping));
  const unread = await refreshRegions(sweeping);
  if (!signal?.aborted) {
    const discovered = await attempt("the roles that AWS Batch uses", () =>
      listDiscoveredNames(ports, settings),
    );
    for (const name of await inspectNamed([...guarded, ...(discovered ?? [])], sweeping)) left.add(name);
  }
  const resent = await announceOverdue(ports, attempt, signal);
  const tell = (transitions: ReadonlyMap<string, Transition>) =>
    announceInBatches(
      [...transitions.values()].filter(({ id }) => !resent.has(id)),
      ports,
      attempt,
      signal,
    );
  const report: SweepReport = {
    inspections: sweeping.inspections,
    resent: resent.size,
    asked: (await tell(sweeping.unansweredRequests)).length,
    renewed: (await tell(sweeping.renewed)).length,
    unread,
    left: [...left],
  };
  if (failures.length > 0) throw new SweepIncompleteError(failures, report);
  return report;
}

/** Looks at the roles that were not looked at, or with other uses than they have; gives the names of those not reached. */
async function inspectNamed(names: readonly string[], sweeping: SweepState): Promise<readonly string[]> {
  const {
    ports,
    settings,
    signal,
    collectFailure: attempt,
    inspectedUses: looked,
    inspections,
    unansweredRequests: unanswered,
    renewed,
  } = sweeping;
  const watchedRoles = (await findRolesToSweep(names, sweeping)).filter(
    ({ name, uses }) => looked.get(name.toLowerCase()) !== JSON.stringify(uses),
  );
  if (watchedRoles.length === 0) return [];
  const left = new Set(watchedRoles.map(({ name }) => name));
  for await (const { watched, reading } of readRoles(watchedRoles, sweeping)) {
    if (signal?.aborted) break;
    left.delete(watched.name);
    looked.set(watched.name.toLowerCase(), JSON.stringify(watched.uses));
    await attempt(`role ${watched.name}`, async () => {
      const occasion = { cause: { kind: "sweep" }, evidence: [], ...(reading && { reading }) } as const;
      const inspection = await inspectRole(watched, occasion, ports, settings);
      inspections.push(inspection);
      if (inspection.recheck) {
        await ports.rechecks.schedule({ role: watched.name }, settings.config.recheckSeconds);
      }
      for (const each of await findUnansweredRequests(watched, inspection, ports))
        unanswered.set(each.id, each);
      for (const each of await renewInSecurityHub(inspection, ports, settings)) renewed.set(each.id, each);
    });
  }
  return [...left];
}

async function findRolesToSweep(
  names: readonly string[],
  { ports, settings, collectFailure: attempt, failedLookups: unfound }: SweepState,
): Promise<readonly WatchedRoleWithUses[]> {
  const distinct = new Map(names.map((name) => [name.toLowerCase(), name]));
  const found = await Promise.all(
    [...distinct].map(async ([key, name]) => {
      // What failed for one role is told once.
      if (unfound.has(key)) return [];
      const watchedRoles = await attempt(`role ${name}`, () =>
        findWatchedRolesWithUses([name], ports, settings),
      );
      if (!watchedRoles) unfound.add(key);
      return watchedRoles ?? [];
    }),
  );
  return found.flat();
}

async function refreshRegions({
  ports,
  settings,
  signal,
  collectFailure: attempt,
}: SweepState): Promise<readonly UnreadRegion[]> {
  const unread: UnreadRegion[] = [];
  for (const region of settings.config.regions.batch) {
    const why = await attempt(`AWS Batch in ${region}`, () => refreshRegion(region, ports, settings, signal));
    if (why !== undefined) unread.push({ region, why });
  }
  return unread;
}

interface ReadRole {
  readonly watched: WatchedRoleWithUses;
  readonly reading?: RoleReading;
}

// Where the account's pages cannot be read, each role is read by itself, so that one fault does not hide the others.
async function* readRoles(
  watchedRoles: readonly WatchedRoleWithUses[],
  { ports: { roles }, collectFailure: attempt }: SweepState,
): AsyncIterable<ReadRole> {
  const left = new Map(watchedRoles.map((watched) => [watched.name.toLowerCase(), watched]));
  try {
    for await (const reading of roles.readMany(watchedRoles.map(({ name }) => name))) {
      const name = reading.status === "present" ? reading.role.name : reading.name;
      const watched = watchedRoles.find((each) => sameRoleName(each.name, name));
      if (watched && left.delete(watched.name.toLowerCase())) yield { watched, reading };
    }
  } catch (error) {
    if (!(error instanceof RoleUnreadableError)) {
      await attempt("the roles by the account's pages", () => Promise.reject(error));
    }
  }
  for (const watched of left.values()) yield { watched };
}
