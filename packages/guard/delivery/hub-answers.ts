import { StoreUnavailableError } from "@drift-guard/core/errors";
import type { HubEvent, HubReport } from "@drift-guard/core/intake/hub-event";
import type { HubFinding, Quieting } from "@drift-guard/core/model/hub";
import { digestEvidence } from "@drift-guard/core/model/identity";
import { addSeconds, type Instant, instantOf, millisecondsBetween } from "@drift-guard/core/model/instant";
import type { Transition } from "@drift-guard/core/model/transition";
import type { FindingStore, HubStore, HubWorkflows } from "@drift-guard/core/ports";

/** What people are told of an answer that somebody gave in Security Hub. */
export type HubNews =
  /** A finding was suppressed there. `until`: when that ends for the guard's messages; left out where it has no effect. */
  | { readonly kind: "suppressed"; readonly transition: Transition; readonly until?: Instant }
  /** Somebody chose a custom action. `action`: its name, as they wrote it. */
  | { readonly kind: "action"; readonly transition: Transition; readonly action: string };

/** Ports with which answers from Security Hub are taken. */
export interface HubAnswerPorts {
  readonly findings: Pick<FindingStore, "findDelivery">;
  readonly hub: Pick<HubStore, "loadFinding" | "saveFinding">;
  readonly workflows: Pick<HubWorkflows, "read">;
  /** Tells people. */
  tellNews(news: HubNews): Promise<void>;
  now(): Date;
}

/** How long a suppression in Security Hub keeps people from being told. */
const quietDays = 30;
/** A custom action on a finding is told once in this time. */
const actionPauseMs = 60_000;
const maxActions = 10;

/**
 * Takes an answer that somebody gave in Security Hub. The event is a hint: it names findings, and Security Hub is asked for
 * their workflow. An event that says what is known already, such as one about an import of the guard, changes nothing. A
 * finding that the table does not hold is ignored. Returns how many findings it concerned. Throws `StoreUnavailableError`,
 * and what the ports throw; the event must then be taken again.
 */
export async function takeHubEvent(event: HubEvent, account: string, ports: HubAnswerPorts): Promise<number> {
  let taken = 0;
  for (const report of event.findings) {
    const role = { account, name: report.role };
    const delivery = await ports.findings.findDelivery({
      finding: { role, id: report.findingId, seq: report.seq },
    });
    if (!delivery) continue;
    const { transition } = delivery;
    const known = await ports.hub.loadFinding(transition.finding.role, transition.finding.id);
    switch (event.kind) {
      case "imported":
        await takeWorkflow(report, transition, known, ports);
        break;
      case "action":
        await takeAction(event, transition, known, ports);
    }
    taken += 1;
  }
  return taken;
}

async function takeWorkflow(
  report: HubReport,
  transition: Transition,
  known: HubFinding,
  ports: HubAnswerPorts,
): Promise<void> {
  let state = known;
  if (report.workflow !== known.workflow) {
    const { id } = transition.finding;
    const workflow = (await ports.workflows.read([id])).get(id);
    if (workflow === undefined || workflow === known.workflow) return;
    const quieting = quietingOf(workflow, transition, instantOf(ports.now()));
    const { quieting: _, untold: __, ...rest } = known;
    state = await save(
      transition,
      {
        ...rest,
        workflow,
        ...(quieting && { quieting }),
        ...(workflow === "SUPPRESSED" && { untold: true as const }),
      },
      ports,
    );
  }
  if (state.untold !== true) return;
  const until = state.quieting?.until;
  await ports.tellNews({ kind: "suppressed", transition, ...(until !== undefined && { until }) });
  const { untold: _, ...told } = state;
  await save(transition, told, ports);
}

/** Returns what a workflow says about exactly the evidence of a transition; never of a CRITICAL finding. */
function quietingOf(
  workflow: HubFinding["workflow"],
  { finding }: Transition,
  at: Instant,
): Quieting | undefined {
  if (finding.severity === "CRITICAL") return undefined;
  const digest = digestEvidence(finding.evidence);
  switch (workflow) {
    case "SUPPRESSED":
      return { kind: "suppressed", digest, at, until: addSeconds(at, quietDays * 86_400) };
    case "RESOLVED":
      return { kind: "acknowledged", digest, at };
    case "NEW":
    case "NOTIFIED":
      return undefined;
  }
}

async function takeAction(
  { id: eventId, action }: Extract<HubEvent, { kind: "action" }>,
  transition: Transition,
  known: HubFinding,
  ports: HubAnswerPorts,
): Promise<void> {
  const { actions = [] } = known;
  const at = instantOf(ports.now());
  const [last] = actions;
  if (actions.some((each) => each.eventId === eventId)) return;
  if (last && millisecondsBetween(last.at, at) < actionPauseMs) return;
  await ports.tellNews({ kind: "action", transition, action });
  await save(transition, { ...known, actions: [{ eventId, at }, ...actions].slice(0, maxActions) }, ports);
}

async function save(
  { finding: { role, id } }: Transition,
  state: HubFinding,
  { hub }: Pick<HubAnswerPorts, "hub">,
): Promise<HubFinding> {
  if (await hub.saveFinding(role, id, state)) return { ...state, version: state.version + 1 };
  throw new StoreUnavailableError(
    `Another event of Security Hub about the finding ${id} was taken meanwhile. The message returns to its queue.`,
  );
}
