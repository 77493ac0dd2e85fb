import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { emptyHubFinding, type HubFinding } from "@drift-guard/core/model/hub";
import type { HubStore } from "@drift-guard/core/ports";
import { aKey, noon } from "../../builders.ts";

/** A store of what is known of Security Hub, under test. */
export interface HubStoreFixture {
  readonly store: HubStore;
  /** A second store over the same data, as in another process. */
  readonly other: HubStore;
  close(): Promise<void>;
}

/** Tests an implementation of `HubStore` against the promises of the port. */
export function describeHubStore(name: string, open: () => Promise<HubStoreFixture>): void {
  describe(`${name} as a store of what is known of Security Hub`, () => {
    let fixture: HubStoreFixture;
    before(async () => {
      fixture = await open();
    });
    after(() => fixture.close());

    it("knows of no workflow at first, and returns a finding's state with the next version", async () => {
      const [id, role] = [randomUUID(), aKey()];
      assert.deepEqual(await fixture.store.loadFinding(role, id), emptyHubFinding());
      const state: HubFinding = {
        version: 0,
        workflow: "SUPPRESSED",
        quieting: { kind: "suppressed", digest: "d", at: noon, until: noon },
        untold: true,
        actions: [{ eventId: "e", at: noon }],
      };
      assert.ok(await fixture.store.saveFinding(role, id, state));
      assert.deepEqual(await fixture.other.loadFinding(role, id), { ...state, version: 1 });
      assert.deepEqual(await fixture.store.loadFinding(aKey({ name: "Other" }), id), emptyHubFinding());
    });

    it("takes the hub for enabled at first, and returns what was saved with the next version", async () => {
      const account = randomUUID();
      assert.deepEqual(await fixture.store.loadAccess(account), { version: 0 });
      const disabled = { since: noon, triedAt: noon, told: true } as const;
      assert.ok(await fixture.store.saveAccess(account, { version: 0, disabled }));
      assert.deepEqual(await fixture.other.loadAccess(account), { version: 1, disabled });
    });

    it("lets one of several writers of a version win", async () => {
      const [id, role, account] = [randomUUID(), aKey(), randomUUID()];
      for (const version of [0, 1]) {
        const stores = [fixture.store, fixture.other, fixture.store, fixture.other];
        const findings = await Promise.all(
          stores.map((store) => store.saveFinding(role, id, { ...emptyHubFinding(), version })),
        );
        const accesses = await Promise.all(stores.map((store) => store.saveAccess(account, { version })));
        for (const saved of [findings, accesses])
          assert.equal(saved.filter(Boolean).length, 1, `version ${version}`);
      }
    });
  });
}
