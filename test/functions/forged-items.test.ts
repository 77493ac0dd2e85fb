import "./quiet.ts";
import assert from "node:assert/strict";
import { describe, it, mock } from "node:test";
import { Logger } from "@aws-lambda-powertools/logger";
import { Metrics } from "@aws-lambda-powertools/metrics";
import { findingKeys } from "@drift-guard/core/store/keys";
import { openDatabase } from "@drift-guard/embedded/sqlite/database";
import { createFindingStore } from "@drift-guard/embedded/sqlite/findings";
import { decideAndCommit } from "@drift-guard/guard/commit";
import { countForged } from "../../functions/shared/forged-items.ts";
import { defineFunction } from "../../functions/shared/function.ts";
import { noteUnreadable } from "../../functions/shared/unreadable-items.ts";
import { aFinding, aKey, aLedger, aTransition } from "../builders.ts";
import { aContext } from "./invocations.ts";

describe("A function that left out items that it cannot read", () => {
  it("counts each once, also where it fails", async () => {
    const { mock: added } = mock.method(Metrics.prototype, "addMetric");
    const handler = defineFunction("detect", async () => {
      for (const key of ["a", "b", "a"]) noteUnreadable(key);
      throw new Error("The table is gone.");
    });
    await assert.rejects(async () => handler({}, aContext(60_000)), /The table is gone/);
    added.restore();
    assert.deepEqual(
      added.calls.map(({ arguments: [name, , count] }) => [name, count]),
      [["ForgedItems", 2]],
    );
  });
});

describe("The commit of a function", () => {
  it("counts the forged items that it overwrites, once", async () => {
    const database = openDatabase(":memory:");
    const counted: [string, number][] = [];
    const logger = new Logger({ logLevel: "SILENT" });
    const store = countForged(createFindingStore(database, { sinks: [] }), {
      logger,
      count: (metric, count) => void counted.push([metric, count]),
    });
    const finding = aFinding();
    const before = aLedger();
    const transitions = [aTransition({ finding })];
    await store.commit({ before, after: { ...before, findings: [finding] }, transitions });
    database.sqlite.prepare("DELETE FROM findings WHERE sk = ?").run(findingKeys.finding(finding.id));
    const look = () =>
      decideAndCommit(store, aKey(), (ledger) => ({ ledger, transitions: [], result: undefined }));
    await look();
    await look();
    assert.deepEqual(counted, [["ForgedItems", 1]]);
  });
});
