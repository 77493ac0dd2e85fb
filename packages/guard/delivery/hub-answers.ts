import { StoreUnavailableError } from "@drift-guard/core/errors";
import type { HubEvent, HubReport } from "@drift-guard/core/intake/hub-event";
import type { HubFinding, Quieting } from "@drift-guard/core/model/hub";
import { digestEvidence } from "@drift-guard/core/model/identity";
import { addSeconds, type Instant, instantOf, millisecondsBetween } from "@drift-guard/core/model/instant";
import type { Transition } from "@drift-guard/core/model/transition";
import type { FindingStore, HubStore, HubWorkflows } from "@drift-guard/core/ports";
import { quietDays, quietEndOf } from "./quieting.ts";

/** What people are told of an answer that somebody gave in Security Hub. */
export type HubNews =
  /** A finding was suppressed there. `until`: when that ends for the guard's messages; left out where it has no effect. */
  | { readonly kind: "suppressed"; readonly transition: Transition; readonly until?: Instant }
  /** Somebody chose a custom action. `action`: its name, as they wrote it. */
  | { readonly kind: "action"; readonly transition: Transition; readonly action: string };

/** Ports with which answers from Security Hub are taken. */
export interface HubAnswerPorts {
  readonly findings: Pick<FindingStore, "load" | "findDelivery">;
  readonly hub: Pick<HubStore, "loadFinding" | "saveFinding">;
  readonly workflows: Pick<HubWorkflows, "read">;
  /** Tells people of all of it, in one message. */
  tellNews(news: readonly HubNews[]): Promise<void>;
  now(): Date;
}

/** News that people are not told yet. */
interface UntoldNews {
  readonly news: HubNews;
  /** Records that people were told. */
  record(): Promise<void>;
}

/** A custom action on a finding is told once in this time. */
const actionPauseMs = 60_000;
const maxActions = 10;

/**
 * Takes the answers that somebody gave in Security Hub, and tells people of all of them in one message: users suppress many
 * findings at once there. An event is a hint: it names findings, and Security Hub is asked for their workflows. An event that
 * says what is known already, such as one about an import of the guard, changes nothing. A finding that the table does not
 * hold is ignored. Returns what kept an event from being taken, by its key in `events`: it must then be taken again.
 */
export async function takeHubEvents<Key>(
  events: ReadonlyMap<Key, HubEvent>,
  account: string,
  ports: HubAnswerPorts,
): Promise<ReadonlyMap<Key, unknown>> {
  const failures = new Map<Key, unknown>();
  const untold = new Map<Key, readonly UntoldNews[]>();
  const read = prefetchWorkflows([...events.values()], account, ports);
  const taken = new Map<string, UntoldNews>();
  for (const [key, event] of events) {
    try {
      untold.set(key, await takeEvent(event, account, { ...ports, read, taken }));
    } catch (error) {
      failures.set(key, error);
    }
  }
  const distinct = [...new Set([...untold.values()].flat())];
  const telling = distinct.length === 0 ? undefined : ports.tellNews(distinct.map(({ news }) => news));
  for (const [key, own] of untold) {
    if (own.length === 0) continue;
    try {
      await telling;
      for (const each of own) await each.record();
    } catch (error) {
      failures.set(key, error);
    }
  }
  return failures;
}

interface TakingPorts extends HubAnswerPorts {
  /** Reads the workflow that Security Hub shows of a finding. */
  readonly read: (findingId: string) => Promise<HubFinding["workflow"] | undefined>;
  /** The news of this batch, by kind and finding: of copies of an event, people are told once. */
  readonly taken: Map<string, UntoldNews>;
}

async function takeEvent(
  event: HubEvent,
  account: string,
  ports: TakingPorts,
): Promise<readonly UntoldNews[]> {
  const untold: UntoldNews[] = [];
  for (const report of event.findings) {
    const delivery = await findReported(report, account, ports);
    if (!delivery) continue;
    const key = `${event.kind} ${report.findingId}`;
    const news =
      ports.taken.get(key) ??
      (event.kind === "imported"
        ? await takeWorkflow(report, delivery.transition, ports)
        : await takeAction(event, delivery.transition, ports));
    if (!news) continue;
    ports.taken.set(key, news);
    untold.push(news);
  }
  return untold;
}

function findReported(report: HubReport, account: string, { findings }: Pick<HubAnswerPorts, "findings">) {
  const role = { account, name: report.role };
  return findings.findDelivery({ finding: { role, id: report.findingId, seq: report.seq } });
}

/** Reads the workflows of all findings whose events say something new in few calls, once the first of them is needed. */
function prefetchWorkflows(
  events: readonly HubEvent[],
  account: string,
  { hub, workflows }: Pick<HubAnswerPorts, "hub" | "workflows">,
): TakingPorts["read"] {
  const readAll = async () => {
    const ids = new Set<string>();
    for (const { kind, findings } of events) {
      if (kind !== "imported") continue;
      for (const { role, findingId, workflow } of findings) {
        const known = await hub.loadFinding({ account, name: role }, findingId);
        if (known.workflow !== workflow) ids.add(findingId);
      }
    }
    return workflows.read([...ids]);
  };
  let reading: ReturnType<typeof readAll> | undefined;
  return async (findingId) => {
    reading ??= readAll();
    return (await reading).get(findingId);
  };
}

async function takeWorkflow(
  report: HubReport,
  transition: Transition,
  ports: TakingPorts,
): Promise<UntoldNews | undefined> {
  const { role, id } = transition.finding;
  const known = await ports.hub.loadFinding(role, id);
  let state = known;
  if (report.workflow !== known.workflow) {
    const workflow = await ports.read(id);
    if (workflow === undefined || workflow === known.workflow) return undefined;
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
  if (state.untold !== true) return undefined;
  const until = state.quieting && quietEndOf(state.quieting);
  return {
    news: { kind: "suppressed", transition, ...(until !== undefined && { until }) },
    record: async () => {
      const { untold, ...told } = await ports.hub.loadFinding(role, id);
      if (untold) await save(transition, told, ports);
    },
  };
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
  reported: Transition,
  ports: TakingPorts,
): Promise<UntoldNews | undefined> {
  const { role, id } = reported.finding;
  const { actions = [] } = await ports.hub.loadFinding(role, id);
  const at = instantOf(ports.now());
  const [last] = actions;
  if (actions.some((each) => each.eventId === eventId)) return undefined;
  if (last && millisecondsBetween(last.at, at) < actionPauseMs) return undefined;
  const transition = await findLast(reported, ports);
  return {
    news: { kind: "action", transition, action },
    record: async () => {
      const { actions: recorded = [], ...rest } = await ports.hub.loadFinding(role, id);
      if (recorded.some((each) => each.eventId === eventId)) return;
      await save(
        transition,
        { ...rest, actions: [{ eventId, at }, ...recorded].slice(0, maxActions) },
        ports,
      );
    },
  };
}

/** Returns the last transition of a finding: Security Hub may show an earlier one, and what to do follows from the last. */
async function findLast(
  reported: Transition,
  { findings }: Pick<HubAnswerPorts, "findings">,
): Promise<Transition> {
  const { role, id } = reported.finding;
  const last = (await findings.load(role)).findings.find((finding) => finding.id === id);
  const delivery = last && (await findings.findDelivery({ finding: last }));
  return delivery?.transition ?? reported;
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
