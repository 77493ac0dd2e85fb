import { formatRoleKey, type RoleKey } from "@drift-guard/core/model/role";
import type { Delivery, FindingImporter, FindingStore } from "@drift-guard/core/ports";

/** Ports that import findings into a hub, which keeps the last state that it was sent. */
export interface ImportPorts {
  readonly findings: Pick<FindingStore, "load">;
  readonly importer: FindingImporter;
}

/**
 * Imports the findings of a batch of deliveries, each once and by its newest transition. A delivery is skipped if its
 * finding has a newer transition, in the batch or in the store: queues do not keep order, and an import overwrites, so
 * an old delivery could reopen a finding that is resolved. Returns why findings were refused, by finding id. Throws
 * `StoreUnavailableError`, and what the importer throws.
 */
export async function importCurrentFindings(
  deliveries: readonly Delivery[],
  { findings, importer }: ImportPorts,
): Promise<ReadonlyMap<string, string>> {
  const newest = newestByFinding(deliveries);
  const stored = await loadSequences(
    newest.map(({ transition }) => transition.finding.role),
    findings,
  );
  const current = newest.filter(
    ({ transition: { finding } }) => finding.seq >= (stored.get(finding.id) ?? 0),
  );
  return importer.import(current);
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
