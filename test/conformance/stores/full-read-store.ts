import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
import type { FullReadStore, UsageStore } from "@drift-guard/core/ports";
import { findingKeys } from "@drift-guard/core/store/keys";

/** A store of the reads of every watched role under test, and what the suite needs besides the port. */
export interface FullReadStoreFixture {
  readonly store: FullReadStore;
  /** A second store over the same data, as in another process. */
  readonly other: FullReadStore;
  /** The usage store over the same table. */
  readonly usage: UsageStore;
  /** Puts an item by its keys, without the store. */
  put(pk: string, sk: string, item: Readonly<Record<string, unknown>>): Promise<void>;
  close(): Promise<void>;
}

/** Tests an implementation of `FullReadStore` against the promises of the port. */
export function describeFullReadStore(name: string, open: () => Promise<FullReadStoreFixture>): void {
  describe(`${name} as a store of full reads`, () => {
    let fixture: FullReadStoreFixture;
    before(async () => {
      fixture = await open();
    });
    after(() => fixture.close());

    it("has version 0 if nothing is stored", async () => {
      assert.deepEqual(await fixture.store.load(newAccount()), { version: 0 });
    });

    it("returns what was saved, with the next version", async () => {
      const account = newAccount();
      assert.ok(await fixture.store.save(account, { version: 0, begun: "2026-11-22T12:00:00Z" }));
      const loaded = await fixture.other.load(account);
      assert.deepEqual(loaded, { version: 1, begun: "2026-11-22T12:00:00Z" });
      assert.ok(await fixture.other.save(account, { ...loaded, finished: "2026-11-22T12:00:00Z" }));
      assert.equal((await fixture.store.load(account)).version, 2);
    });

    it("lets one of several writers of a version win", async () => {
      const account = newAccount();
      for (const version of [0, 1]) {
        const stores = [fixture.store, fixture.other, fixture.store, fixture.other];
        const saved = await Promise.all(stores.map((store) => store.save(account, { version })));
        assert.equal(saved.filter(Boolean).length, 1, `version ${version}`);
      }
    });

    it("keeps each account apart, and the account's uses of roles too", async () => {
      const [account, another] = [newAccount(), newAccount()];
      await fixture.store.save(account, { version: 0 });
      assert.deepEqual(await fixture.store.load(another), { version: 0 });
      for await (const user of fixture.usage.users(account)) assert.fail(JSON.stringify(user));
    });

    it("keeps the reads of AWS Batch in each Region apart", async () => {
      const account = newAccount();
      assert.ok(
        await fixture.store.save(account, { version: 0, begun: "2026-11-22T12:00:00Z" }, "eu-west-1"),
      );
      assert.deepEqual(await fixture.store.load(account), { version: 0 });
      assert.deepEqual(await fixture.store.load(account, "us-east-1"), { version: 0 });
      assert.equal((await fixture.other.load(account, "eu-west-1")).begun, "2026-11-22T12:00:00Z");
    });

    it("takes an item that cannot be read for none, and overwrites it", async () => {
      const begun = "2026-11-22T12:00:00Z";
      const broken = [
        {},
        { schema: 2, version: 1, begun },
        { schema: 1, version: 3, begun: 7 },
        { schema: 1, version: "9", begun },
        { schema: 1, version: Number.MAX_SAFE_INTEGER, begun },
      ];
      for (const item of broken) {
        const account = newAccount();
        await fixture.put(findingKeys.account(account), findingKeys.fullReads(), item);
        const loaded = await fixture.store.load(account);
        assert.equal(loaded.begun, undefined);
        assert.ok(await fixture.store.save(account, { ...loaded, begun }));
        assert.equal(await fixture.other.save(account, loaded), false);
        const again = await fixture.other.load(account);
        assert.equal(again.begun, begun);
        assert.ok(await fixture.other.save(account, again));
      }
    });
  });
}

function newAccount(): string {
  return String(Number.parseInt(randomUUID().slice(0, 8), 16)).padStart(12, "1");
}
