import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Finding } from "@drift-guard/core/model/finding";
import type { Delivery } from "@drift-guard/core/ports";
import { openDatabase } from "@drift-guard/embedded/sqlite/database";
import { createFindingStore } from "@drift-guard/embedded/sqlite/findings";
import { createHubStore } from "@drift-guard/embedded/sqlite/hub";
import { importCurrentFindings } from "@drift-guard/guard/delivery/current-findings";
import { aFinding, aKey, aLedger, aTransition, noon } from "../../builders.ts";

const deliveryOf = (finding: Finding): Delivery => ({
  transition: aTransition({ finding }),
  awaiting: ["securityhub"],
});
const numbered = (id: string, seq: number) => deliveryOf(aFinding({ id, seq }));

/** A hub in which nobody does anything. */
const idle = {
  workflows: { read: async () => new Map(), renew: async () => new Map() },
  hub: createHubStore(openDatabase(":memory:")),
  tellQuietEnded: async () => {},
  now: () => new Date(noon),
};

/** Imports deliveries while the store holds some findings, and returns the ids of the transitions that reached the importer. */
async function importWith(deliveries: readonly Delivery[], stored: readonly Finding[] = []) {
  const findings = createFindingStore(openDatabase(":memory:"), { sinks: ["securityhub"] });
  const before = aLedger();
  await findings.commit({
    before,
    after: { ...before, findings: stored },
    transitions: stored.map((finding) => aTransition({ finding })),
  });
  const imported: string[] = [];
  const importer = {
    import: async (batch: readonly Delivery[]) => {
      imported.push(...batch.map(({ transition }) => transition.id));
      return new Map<string, string>();
    },
  };
  await importCurrentFindings(deliveries, { ...idle, findings, importer });
  return imported;
}

describe("The import of current findings", () => {
  it("sends each finding of a batch once, by its newest transition", async () => {
    const imported = await importWith([numbered("a", 2), numbered("b", 1), numbered("a", 1)]);
    assert.deepEqual(imported, ["a#2", "b#1"]);
  });

  it("skips a delivery whose finding has a newer transition in the store", async () => {
    const stored = [aFinding({ id: "a", seq: 3 }), aFinding({ id: "b", seq: 1 })];
    const imported = await importWith([numbered("a", 2), numbered("b", 1)], stored);
    assert.deepEqual(imported, ["b#1"]);
  });

  it("reads each ledger once, and returns the importer's refusals", async () => {
    const loaded: string[] = [];
    const importer = { import: async () => new Map([["a", "InvalidInput"]]) };
    const findings = {
      load: async () => {
        loaded.push("load");
        return aLedger();
      },
    };
    const other = deliveryOf(aFinding({ id: "c", role: aKey({ name: "Other" }) }));
    const batch = [numbered("a", 1), numbered("b", 1), other];
    const refused = await importCurrentFindings(batch, { ...idle, findings, importer });
    assert.deepEqual([[...refused], loaded.length], [[["a", "InvalidInput"]], 2]);
  });
});
