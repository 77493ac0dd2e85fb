import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { FindingStore } from "@drift-guard/core/ports";
import { openDatabase } from "@drift-guard/embedded/sqlite/database";
import { createFindingStore } from "@drift-guard/embedded/sqlite/findings";
import { decideAndCommit } from "@drift-guard/guard/commit";
import { aDrift, aFinding, aKey, aLedger, aTransition, secondsAfterNoon } from "../builders.ts";

const aged = aFinding({
  id: "aged",
  state: "resolved",
  seq: 4,
  updatedAt: secondsAfterNoon(-500 * 86_400),
  evidence: aDrift({ part: "inline:aged" }),
});

/** A store whose ledger holds a finding that was resolved long ago. */
async function anAgedStore(): Promise<FindingStore> {
  const store = createFindingStore(openDatabase(":memory:"), { sinks: ["notify"] });
  const before = aLedger();
  const after = { ...before, findings: [aged] };
  await store.commit({ before, after, transitions: [aTransition({ finding: aged })] });
  return store;
}

describe("A commit", () => {
  it("drops entries whose retention has ended", async () => {
    const store = await anAgedStore();
    const fresh = aFinding({ id: "fresh" });
    const decision = await decideAndCommit(store, aKey(), (ledger) => ({
      ledger: { ...ledger, findings: [...ledger.findings, fresh] },
      transitions: [aTransition({ finding: fresh })],
      result: undefined,
    }));
    const stored = await store.load(aKey());
    assert.deepEqual(
      stored.findings.map(({ id }) => id),
      ["fresh"],
    );
    assert.deepEqual(decision.ledger, stored);
  });

  it("is not made only to drop such entries", async () => {
    const store = await anAgedStore();
    const before = await store.load(aKey());
    await decideAndCommit(store, aKey(), (ledger) => ({ ledger, transitions: [], result: undefined }));
    assert.deepEqual(await store.load(aKey()), before);
  });

  it("accepts a dropped finding again, numbered from one", async () => {
    const store = await anAgedStore();
    const other = aFinding({ id: "other" });
    const again = { ...aged, seq: 1, state: "open" as const, updatedAt: secondsAfterNoon(60) };
    for (const finding of [other, again]) {
      await decideAndCommit(store, aKey(), (ledger) => ({
        ledger: { ...ledger, findings: [...ledger.findings, finding] },
        transitions: [aTransition({ finding }), aTransition({ finding: { ...finding, seq: 4 } })],
        result: undefined,
      }));
    }
    assert.deepEqual(
      (await store.history(aKey(), "aged")).map(({ finding }) => finding.state),
      ["open", "open"],
    );
  });
});
