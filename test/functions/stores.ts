import type { Transition } from "@drift-guard/core/model/transition";
import type { FindingStore, Sink } from "@drift-guard/core/ports";
import { openDatabase } from "@drift-guard/embedded/sqlite/database";
import { createFindingStore } from "@drift-guard/embedded/sqlite/findings";
import { aFinding, aKey, allReadable, aTransition, secondsAfterNoon } from "../builders.ts";

/** A finding store in memory, whose transitions wait for these sinks. */
export function aFindingStore(...sinks: readonly Sink[]): FindingStore {
  return createFindingStore(openDatabase(":memory:"), { sinks });
}

/** Commits a finding with this id, of a role of its own, and returns the transition that opened it, or another one. */
export async function commitFinding(
  store: FindingStore,
  id: string,
  over: Parameters<typeof aFinding>[0] = {},
  transitionOver: Partial<Transition> = {},
): Promise<Transition> {
  const finding = aFinding({ id, role: aKey({ name: `role-${id}` }), ...over });
  const transition = aTransition({ ...transitionOver, finding });
  const before = await store.load(finding.role);
  await store.commit({
    before,
    after: { ...before, findings: [...before.findings, finding] },
    transitions: [transition],
  });
  return transition;
}

/** The ids of the transitions that a sink has not marked as delivered. */
export async function undeliveredIn(store: FindingStore): Promise<readonly string[]> {
  const ids: string[] = [];
  for await (const { id } of store.undelivered(secondsAfterNoon(1), allReadable)) ids.push(id);
  return ids.sort();
}
