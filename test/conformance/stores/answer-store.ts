import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { AnswerStore } from "@drift-guard/core/ports";
import { noon } from "../../builders.ts";

/** A store of given answers under test. */
export interface AnswerStoreFixture {
  readonly store: AnswerStore;
  /** The same store, opened by another process. */
  readonly other: AnswerStore;
  close(): Promise<void>;
}

/** Tests an implementation of `AnswerStore` against the promises of the port. */
export function describeAnswerStore(name: string, open: () => Promise<AnswerStoreFixture>): void {
  describe(`${name} as a store of answers`, () => {
    let fixture: AnswerStoreFixture;
    before(async () => {
      fixture = await open();
    });
    after(() => fixture.close());

    it("lets one of several invocations claim an answer", async () => {
      const stores = [fixture.store, fixture.other, fixture.store, fixture.other];
      const claims = await Promise.all(stores.map((store) => store.claim("111122223333", "a1", noon)));
      assert.equal(claims.filter(Boolean).length, 1);
    });

    it("keeps answers and accounts apart", async () => {
      assert.ok(await fixture.store.claim("111122223333", "b1", noon));
      assert.ok(await fixture.store.claim("111122223333", "b2", noon));
      assert.ok(await fixture.store.claim("444455556666", "b1", noon));
    });
  });
}
