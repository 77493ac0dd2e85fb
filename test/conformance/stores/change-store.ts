import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { ChangeStore } from "@drift-guard/core/ports";
import { aChange, aKey } from "../../builders.ts";

/** A store of changes under test. */
export interface ChangeStoreFixture {
  readonly store: ChangeStore;
  /** The same store, opened by another process. */
  readonly other: ChangeStore;
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

    it("returns a change as it was kept, however often it was", async () => {
      const change = aChange({ id: "kept", writes: "trust" });
      await fixture.store.keep(aKey(), change);
      await fixture.other.keep(aKey(), change);
      assert.deepEqual(await fixture.other.find(aKey(), "kept"), change);
    });

    it("keeps the changes of roles and accounts apart", async () => {
      await fixture.store.keep(aKey(), aChange({ id: "of one role" }));
      assert.equal(await fixture.store.find(aKey({ name: "other" }), "of one role"), undefined);
      assert.equal(await fixture.store.find(aKey({ account: "999988887777" }), "of one role"), undefined);
    });

    it("returns nothing for a change that it does not have", async () => {
      assert.equal(await fixture.store.find(aKey(), "never kept"), undefined);
    });
  });
}
