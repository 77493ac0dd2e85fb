import type { HubFinding } from "@drift-guard/core/model/hub";
import { type Instant, instantOf } from "@drift-guard/core/model/instant";
import { formatRoleKey, type RoleKey } from "@drift-guard/core/model/role";
import type { Transition, TransitionKind } from "@drift-guard/core/model/transition";
import type {
  Delivery,
  FindingImporter,
  FindingStore,
  HubStore,
  HubWorkflows,
} from "@drift-guard/core/ports";
import { findQuietEnd, isQuiet } from "./quieting.ts";

/** A finding of which people are told again, because its suppression in the hub has ended. */
export interface QuietEnd {
  readonly transition: Transition;
  readonly endedAt: Instant;
}

/** Ports that import findings into a hub, which keeps the last state that it was sent. */
export interface ImportPorts {
  readonly findings: Pick<FindingStore, "load">;
  readonly importer: FindingImporter;
  readonly workflows: HubWorkflows;
  readonly hub: Pick<HubStore, "loadFinding" | "saveFinding">;
  /** Tells people in one message that suppressions in the hub have ended, so that they are told of the findings again. */
  tellQuietEnded(ended: readonly QuietEnd[]): Promise<void>;
  now(): Date;
}

/**
 * Imports the findings of a batch of deliveries, each once and by its newest transition. A delivery is skipped if its
 * finding has a newer transition, in the batch or in the store: queues do not keep order, and an import overwrites, so
 * an old delivery could reopen a finding that is resolved. A finding that returned or worsened gets the workflow NEW, so
 * that people who resolved it see it again. One whose suppression has ended gets it too, and people are told. Returns why
 * findings were refused, by finding id. Throws `StoreUnavailableError`, and what the other ports throw.
 */
export async function importCurrentFindings(
  deliveries: readonly Delivery[],
  ports: ImportPorts,
): Promise<ReadonlyMap<string, string>> {
  const newest = newestByFinding(deliveries);
  const stored = await loadSequences(
    newest.map(({ transition }) => transition.finding.role),
    ports.findings,
  );
  const current = newest.filter(
    ({ transition: { finding } }) => finding.seq >= (stored.get(finding.id) ?? 0),
  );
  // Read before the import, which may set the workflow itself.
  const returning = await findReturning(current, ports);
  const refused = await ports.importer.import(current);
  const renewed = await renewWorkflows(
    returning.filter(({ transition }) => !refused.has(transition.finding.id)),
    ports,
  );
  return new Map([...refused, ...renewed]);
}

const returnKinds: readonly TransitionKind[] = ["reopened", "recurred", "worsened"];

/**
 * Returns the deliveries whose findings need the workflow NEW. A finding that returned or worsened does, where a user resolved
 * it or marked it as notified. One that a user suppressed does once that covers it no longer.
 */
async function findReturning(
  deliveries: readonly Delivery[],
  { workflows, hub, now }: ImportPorts,
): Promise<readonly Delivery[]> {
  const candidates = deliveries.filter(
    ({ transition: { kind, finding }, renewedAt }) =>
      finding.state === "open" && (returnKinds.includes(kind) || renewedAt !== undefined),
  );
  if (candidates.length === 0) return [];
  const known = await workflows.read(candidates.map(({ transition }) => transition.finding.id));
  const returning: Delivery[] = [];
  for (const delivery of candidates) {
    const { kind, finding } = delivery.transition;
    switch (known.get(finding.id)) {
      case undefined:
      case "NEW":
        break;
      case "NOTIFIED":
      case "RESOLVED":
        if (returnKinds.includes(kind)) returning.push(delivery);
        break;
      case "SUPPRESSED": {
        const state = await hub.loadFinding(finding.role, finding.id);
        if (isOutgrown(state, delivery, instantOf(now()))) returning.push(delivery);
      }
    }
  }
  return returning;
}

/** Whether a suppression in the hub covers a finding no longer. One that was not taken over yet is left to its event. */
function isOutgrown(state: HubFinding, { transition }: Delivery, now: Instant): boolean {
  if (transition.finding.severity === "CRITICAL" || transition.kind === "worsened") return true;
  return state.quieting !== undefined && !isQuiet(transition, state, now);
}

/** Sets the workflow NEW. Returns why that was refused, by finding id. */
async function renewWorkflows(
  deliveries: readonly Delivery[],
  { workflows, hub, tellQuietEnded, now }: ImportPorts,
): Promise<ReadonlyMap<string, string>> {
  if (deliveries.length === 0) return new Map();
  // Told first: once the state is saved, nothing shows any more that it ended.
  const ended: QuietEnd[] = [];
  for (const { transition } of deliveries.filter(({ renewedAt }) => renewedAt !== undefined)) {
    const { role, id } = transition.finding;
    const endedAt = findQuietEnd(await hub.loadFinding(role, id), instantOf(now()));
    if (endedAt !== undefined) ended.push({ transition, endedAt });
  }
  if (ended.length > 0) await tellQuietEnded(ended);
  const refused = await workflows.renew(deliveries.map(({ transition }) => transition.finding.id));
  for (const { transition } of deliveries) {
    const { role, id } = transition.finding;
    if (refused.has(id)) continue;
    const { version, actions } = await hub.loadFinding(role, id);
    // Where another writer was faster, it knows a later workflow.
    await hub.saveFinding(role, id, { version, workflow: "NEW", ...(actions && { actions }) });
  }
  return refused;
}

function newestByFinding(deliveries: readonly Delivery[]): readonly Delivery[] {
  const newest = new Map<string, Delivery>();
  for (const delivery of deliveries) {
    const { id, seq } = delivery.transition.finding;
    if (seq > (newest.get(id)?.transition.finding.seq ?? 0)) newest.set(id, delivery);
  }
  return [...newest.values()];
}

/** The number of the last stored transition of each finding of some roles, by finding id. */
async function loadSequences(
  roles: readonly RoleKey[],
  findings: ImportPorts["findings"],
): Promise<ReadonlyMap<string, number>> {
  const distinct = new Map(roles.map((role) => [formatRoleKey(role), role]));
  const ledgers = await Promise.all([...distinct.values()].map((role) => findings.load(role)));
  return new Map(ledgers.flatMap((ledger) => ledger.findings.map(({ id, seq }) => [id, seq] as const)));
}
