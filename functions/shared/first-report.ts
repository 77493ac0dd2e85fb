import type { Notice } from "@drift-guard/aws/delivery/sns";
import { stageOf } from "@drift-guard/core/config/deployment";
import { instantOf } from "@drift-guard/core/model/instant";
import type { TransitionRef } from "@drift-guard/core/model/notice-state";
import { findObserving } from "@drift-guard/core/model/observing";
import type { Transition } from "@drift-guard/core/model/transition";
import type { FindingStore, ReportStore } from "@drift-guard/core/ports";
import { formatFirstReport } from "@drift-guard/formats/first-report";
import type { AnnouncementPorts } from "./announcement.ts";
import type { Invocation } from "./function.ts";

/** The ports with which people get the first report. */
export interface FirstReportPorts extends AnnouncementPorts {
  readonly findings: Pick<FindingStore, "findDelivery">;
  /** Left out where there is no first report, as in an embedded guard. */
  readonly reports?: ReportStore;
  /** Sends a notice to the topic's subscribers. */
  send(notice: Notice): Promise<void>;
}

/** A message asks for a first report that the findings table does not hold. It stays in its queue. */
class ReportMissingError extends Error {
  override readonly name = "ReportMissingError";
}

/**
 * Sends people the first report as it is stored, with what rollback does at this time, and marks it as delivered. Does nothing
 * if it was delivered. Throws `ReportMissingError`, `StoreUnavailableError`, and what `send` throws.
 */
export async function sendFirstReport(
  ports: FirstReportPorts,
  { context: { functionName }, location: { account } }: Invocation,
): Promise<void> {
  const { reports, control, config, now, send } = ports;
  const state = await reports?.load(account);
  if (state?.report === undefined) {
    throw new ReportMissingError(
      "The findings table holds no first report, so nothing was sent. Somebody deleted it, or puts events on the guard's bus: check who wrote the table, and who may call events:PutEvents.",
    );
  }
  if (state.deliveredAt !== undefined) return;
  const at = instantOf(now());
  const observing = findObserving(await control.load({ account, name: "*" }), at);
  const stage = stageOf(functionName, "notify");
  await send(
    formatFirstReport({
      report: state.report,
      worst: await loadTransitions(state.report.worst, account, ports),
      config,
      ...(observing && { observing }),
      ...(stage !== undefined && { stage }),
    }),
  );
  // Where another copy of the message was sent meanwhile, that one has marked the report.
  await reports?.save(account, { ...state, deliveredAt: at });
}

async function loadTransitions(
  refs: readonly TransitionRef[],
  account: string,
  { findings }: Pick<FirstReportPorts, "findings">,
): Promise<readonly Transition[]> {
  const transitions: Transition[] = [];
  for (const { role: name, findingId: id, seq } of refs) {
    const delivery = await findings.findDelivery({ finding: { role: { account, name }, id, seq } });
    if (delivery) transitions.push(delivery.transition);
  }
  return transitions;
}
