import { createReport, isEstablished, isReportOverdue } from "@drift-guard/core/announcement/first-report";
import type { UnreadRegion } from "@drift-guard/core/batch/unread-regions";
import type { Finding } from "@drift-guard/core/model/finding";
import { instantOf, millisecondsBetween } from "@drift-guard/core/model/instant";
import type { RoleKey } from "@drift-guard/core/model/role";
import type { GuardSettings, SweepPorts } from "../ports.ts";

type ReportPorts = Pick<SweepPorts, "findings" | "reports" | "now">;

// Notify retries for some minutes on its own.
const overdueMs = 15 * 60_000;

/**
 * Whether a sweep is the first one of a new deployment, of which people get one report. Once the report is made, it is put
 * on the bus again until people were told. A deployment whose findings are older is noted, so that it gets no report.
 * `names` are those of the roles that may have findings. Throws `StoreUnavailableError`, `DeliveryError`.
 */
export async function beginFirstSweep(
  names: readonly string[],
  { findings, reports, now }: ReportPorts,
  { account }: GuardSettings,
): Promise<boolean> {
  if (reports === undefined) return false;
  const at = instantOf(now());
  const state = await reports.load(account);
  if (state?.report && state.deliveredAt === undefined) {
    if (millisecondsBetween(state.report.at, at) > overdueMs) await reports.announceReport(state.report);
  }
  if (state) return false;
  const roles = names.map((name) => ({ account, name }));
  if (!isEstablished(await loadFindings(roles, findings), at)) return true;
  await reports.save(account, { version: 0 });
  return false;
}

/** What a sweep has read. */
interface Swept {
  readonly roles: readonly RoleKey[];
  readonly unread: readonly UnreadRegion[];
  readonly isComplete: boolean;
}

/**
 * Makes the report of the first sweep: if it was complete, or if a finding has waited for a complete one for too long. Of
 * sweeps that run at once, one makes it. Throws `StoreUnavailableError`.
 */
export async function makeFirstReport(
  { roles, unread, isComplete }: Swept,
  { findings, reports, now }: ReportPorts,
  { account }: GuardSettings,
): Promise<void> {
  const at = instantOf(now());
  const known = await loadFindings(roles, findings);
  if (!isComplete && !isReportOverdue(known, at)) return;
  const unreadRegions = unread.map(({ region }) => region);
  const state = createReport({
    account,
    at,
    roles: roles.length,
    findings: known,
    unreadRegions,
    isComplete,
  });
  // Where another sweep was quicker, people are told of what only this one found as of other transitions.
  await reports?.save(account, state);
}

async function loadFindings(
  roles: readonly RoleKey[],
  { load }: Pick<SweepPorts["findings"], "load">,
): Promise<readonly Finding[]> {
  const distinct = new Map(roles.map((role) => [role.name.toLowerCase(), role]));
  const all: Finding[] = [];
  for (const role of distinct.values()) all.push(...(await load(role)).findings);
  return all;
}
