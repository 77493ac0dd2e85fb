import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { createReport } from "@drift-guard/core/announcement/first-report";
import type { ReportStore } from "@drift-guard/core/ports";
import { aFinding, noon } from "../../builders.ts";

/** A store of the first report, under test. */
export interface ReportStoreFixture {
  readonly store: ReportStore;
  /** A second store over the same data, as in another process. */
  readonly other: ReportStore;
  close(): Promise<void>;
}

/** Tests an implementation of `ReportStore` against the promises of the port. */
export function describeReportStore(name: string, open: () => Promise<ReportStoreFixture>): void {
  describe(`${name} as a store of the first report`, () => {
    let fixture: ReportStoreFixture;
    before(async () => {
      fixture = await open();
    });
    after(() => fixture.close());

    it("holds one report of those that several sweeps make, and when it was delivered", async () => {
      const account = randomUUID();
      assert.equal(await fixture.store.load(account), undefined);
      const sweep = { account, at: noon, roles: 1, unreadRegions: [], isComplete: true };
      const state = createReport({ ...sweep, findings: [aFinding()] });
      const stores = [fixture.store, fixture.other, fixture.store, fixture.other];
      const saved = await Promise.all(stores.map((store) => store.save(account, state)));
      assert.equal(saved.filter(Boolean).length, 1);
      assert.deepEqual(await fixture.other.load(account), { ...state, version: 1 });
      assert.ok(await fixture.other.save(account, { ...state, version: 1, deliveredAt: noon }));
      assert.deepEqual((await fixture.store.load(account))?.deliveredAt, noon);
    });
  });
}
