import { concernsReport, judgeByReport } from "@drift-guard/core/announcement/first-report";
import { instantOf } from "@drift-guard/core/model/instant";
import type { Transition } from "@drift-guard/core/model/transition";
import type { ReportStore } from "@drift-guard/core/ports";

/** Transitions of which people are not told, beside those that they are told of as ever; ids. */
export interface JudgedByReport {
  /** They stand in the first report. */
  readonly reported: ReadonlySet<string>;
  /** They wait for it. */
  readonly waiting: ReadonlySet<string>;
}

/** Judges transitions by the first report of a new deployment (`judgeByReport`). Throws `StoreUnavailableError`. */
export async function judgeByFirstReport(
  transitions: readonly Transition[],
  account: string,
  { reports, now }: { readonly reports?: Pick<ReportStore, "load">; now(): Date },
): Promise<JudgedByReport> {
  const concerned = transitions.filter(concernsReport);
  if (reports === undefined || concerned.length === 0) return { reported: new Set(), waiting: new Set() };
  const state = (await reports.load(account)) ?? { version: 0 };
  const at = instantOf(now());
  const judged = Map.groupBy(concerned, (transition) => judgeByReport(transition, state, at));
  const idsOf = (verdict: "reported" | "waits") => new Set((judged.get(verdict) ?? []).map(({ id }) => id));
  return { reported: idsOf("reported"), waiting: idsOf("waits") };
}
