import { repeatsWait } from "@drift-guard/core/announcement/wait";
import type { Transition } from "@drift-guard/core/model/transition";
import type { FindingStore, HubStore, ReportStore } from "@drift-guard/core/ports";
import type { Standing } from "@drift-guard/core/rollback/standing";
import { judgeByFirstReport } from "./first-report.ts";
import { findQuiet } from "./quieting.ts";

/** Ports with which it is decided of what people are not told. */
export interface SilencePorts {
  readonly findings: Pick<FindingStore, "findDelivery">;
  /** What users of Security Hub did with findings; left out where the owner does not use it. */
  readonly hub?: Pick<HubStore, "loadFinding">;
  /** Returns what the guard does about the finding of a transition now. */
  standingOf(transition: Transition): Promise<Standing>;
  /** The first report of a new deployment; left out where there is none. */
  readonly reports?: Pick<ReportStore, "load">;
  now(): Date;
}

/** Transitions of which people are not told now; ids. */
export interface Silence {
  /** People are never told of them. */
  readonly silent: ReadonlySet<string>;
  /** They wait for the first report of a new deployment. */
  readonly waiting: ReadonlySet<string>;
}

/**
 * Returns of which transitions people are not told now. Never of those that the first report of a new deployment tells
 * (`judgeByReport`) or that Security Hub quiets (`findQuiet`), of a refusal where the message before said that the rollback
 * waits (`repeatsWait`), and of the warning about an exception that was extended or ended since then. Throws
 * `StoreUnavailableError`.
 */
export async function findSilent(
  transitions: readonly Transition[],
  account: string,
  { findings, hub, standingOf, reports, now }: SilencePorts,
): Promise<Silence> {
  const { reported, waiting } = await judgeByFirstReport(transitions, account, {
    findings,
    ...(reports && { reports }),
    now,
  });
  const unquiet = transitions.filter(({ id }) => !reported.has(id));
  const quiet = new Set([...reported, ...(hub ? await findQuiet(unquiet, { hub, now }) : [])]);
  const isOutdated = async (transition: Transition): Promise<boolean> => {
    const { role, id, seq } = transition.finding;
    switch (transition.kind) {
      case "expiring":
        return (await standingOf(transition)).kind !== "expiring";
      case "refused": {
        const before = await findings.findDelivery({ finding: { role, id, seq: seq - 1 } });
        return before?.told !== undefined && repeatsWait(transition, await standingOf(transition), before);
      }
      default:
        return false;
    }
  };
  const outdated = await Promise.all(
    transitions.map(async (transition) =>
      !quiet.has(transition.id) && (await isOutdated(transition)) ? [transition.id] : [],
    ),
  );
  return { silent: new Set([...quiet, ...outdated.flat()]), waiting };
}
