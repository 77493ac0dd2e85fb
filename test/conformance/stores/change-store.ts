import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { ChangeStore } from "@drift-guard/core/ports";
import { ChangeItem, encodeItem } from "@drift-guard/core/store/items";
import { findingKeys } from "@drift-guard/core/store/keys";
import { aChange, aKey } from "../../builders.ts";

/** A store of changes under test. */
export interface ChangeStoreFixture {
  readonly store: ChangeStore;
  /** The same store, opened by another process. */
  readonly other: ChangeStore;
  /** The keys that `other` was told of, of changes that are not there as they were kept. */
  readonly forged: string[];
  /** Writes an item of the same table, as somebody else would. */
  put(pk: string, sk: string, item: Readonly<Record<string, unknown>>): Promise<void>;
  close(): Promise<void>;
}

/** Tests an implementation of `ChangeStore` against the promises of the port. */
export function describeChangeStore(name: string, open: () => Promise<ChangeStoreFixture>): void {
  describe(`${name} as a store of changes`, () => {
    let fixture: ChangeStoreFixture;
    before(async () => {
      fixture = await open();
    });
    after(() => fixture.close());

    /** Returns the keys that the store was told of since the last call. */
    const takeForged = () => fixture.forged.splice(0);

    it("returns a change as it was kept, however often it was", async () => {
      const change = aChange({ id: "kept", writes: "trust" });
      const name = await fixture.store.keep(aKey(), change);
      assert.deepEqual(await fixture.other.keep(aKey(), change), name);
      assert.deepEqual(await fixture.other.find(aKey(), name), change);
      assert.deepEqual(takeForged(), []);
    });

    it("keeps two records of one call apart if they differ", async () => {
      const short = aChange({ id: "twice" });
      const whole = aChange({ id: "twice", writes: "trust" });
      const names = [await fixture.store.keep(aKey(), short), await fixture.store.keep(aKey(), whole)];
      const found = await Promise.all(names.map((each) => fixture.other.find(aKey(), each)));
      assert.deepEqual(found, [short, whole]);
    });

    it("keeps the changes of roles and accounts apart", async () => {
      const change = await fixture.store.keep(aKey(), aChange({ id: "of one role" }));
      assert.equal(await fixture.store.find(aKey({ name: "other" }), change), undefined);
      assert.equal(await fixture.store.find(aKey({ account: "999988887777" }), change), undefined);
    });

    it("returns nothing for a change that was edited or deleted, and tells its key", async () => {
      const change = aChange({ id: "edited" });
      const key = await fixture.store.keep(aKey(), change);
      const [pk, sk] = [findingKeys.partition(aKey()), findingKeys.change(key)];
      const edited = encodeItem(ChangeItem, { change: { ...change, call: "iam:PutRolePolicy" } });
      for (const item of [edited, { ...edited, change: 1 }, {}]) {
        await fixture.put(pk, sk, item);
        assert.equal(await fixture.other.find(aKey(), key), undefined);
        assert.deepEqual(new Set(takeForged()), new Set([`${pk} ${sk}`]));
      }
      const gone = { id: "gone", digest: "0".repeat(64) };
      assert.equal(await fixture.other.find(aKey(), gone), undefined);
      assert.deepEqual(takeForged(), [`${pk} ${findingKeys.change(gone)}`]);
    });

    it("believes a change that is named without a digest, as older versions named it", async () => {
      const change = aChange({ id: "old" });
      const item = encodeItem(ChangeItem, { change });
      await fixture.put(findingKeys.partition(aKey()), findingKeys.change({ id: "old" }), item);
      assert.deepEqual(await fixture.other.find(aKey(), { id: "old" }), change);
      assert.equal(await fixture.other.find(aKey(), { id: "never kept" }), undefined);
      assert.deepEqual(takeForged(), []);
    });
  });
}
