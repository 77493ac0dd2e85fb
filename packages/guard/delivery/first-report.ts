import {
  concernsReport,
  followsSweep,
  isOfFirstSweep,
  judgeByReport,
} from "@drift-guard/core/announcement/first-report";
import { instantOf } from "@drift-guard/core/model/instant";
import type { Transition } from "@drift-guard/core/model/transition";
import type { FindingStore, ReportStore } from "@drift-guard/core/ports";

/** Transitions of which people are not told, beside those that they are told of as ever; ids. */
export interface JudgedByReport {
  /** They stand in the first report. */
  readonly reported: ReadonlySet<string>;
  /** They wait for it. */
  readonly waiting: ReadonlySet<string>;
}

/** Ports with which transitions are judged by the first report. */
export interface ReportJudgePorts {
  readonly findings: Pick<FindingStore, "findDelivery">;
  /** Left out where there is no first report. */
  readonly reports?: Pick<ReportStore, "load">;
  now(): Date;
}

/** Judges transitions by the first report of a new deployment (`judgeByReport`). Throws `StoreUnavailableError`. */
export async function judgeByFirstReport(
  transitions: readonly Transition[],
  account: string,
  { findings, reports, now }: ReportJudgePorts,
): Promise<JudgedByReport> {
  const reported = new Set<string>();
  const waiting = new Set<string>();
  const concerned = transitions.filter(concernsReport);
  if (reports === undefined || concerned.length === 0) return { reported, waiting };
  const state = (await reports.load(account)) ?? { version: 0 };
  const at = instantOf(now());
  for (const transition of concerned) {
    const source = state.version === 0 ? await findSource(transition, { findings }) : transition;
    const verdict = judgeByReport(source, state, at);
    if (verdict === "reported") reported.add(transition.id);
    if (verdict === "waits") waiting.add(transition.id);
  }
  return { reported, waiting };
}

/**
 * Returns the transition that a transition follows from, if that one waits for the report: rollback and lookups may be quicker
 * than the end of the sweep. Otherwise the transition itself.
 */
async function findSource(
  transition: Transition,
  { findings }: Pick<ReportJudgePorts, "findings">,
): Promise<Transition> {
  let source = transition;
  while (followsSweep(source)) {
    const { role, id, seq } = source.finding;
    const before = await findings.findDelivery({ finding: { role, id, seq: seq - 1 } });
    if (before === undefined || !before.awaiting.includes("notify")) return transition;
    source = before.transition;
  }
  return isOfFirstSweep(source) ? source : transition;
}
