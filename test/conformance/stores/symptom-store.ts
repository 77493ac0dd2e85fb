import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { SymptomStore } from "@drift-guard/core/ports";
import { noon, secondsAfterNoon } from "../../builders.ts";

/** A store of symptoms under test. */
export interface SymptomStoreFixture {
  readonly store: SymptomStore;
  /** The same store, opened by another process. */
  readonly other: SymptomStore;
  close(): Promise<void>;
}

/** Tests an implementation of `SymptomStore` against the promises of the port. */
export function describeSymptomStore(name: string, open: () => Promise<SymptomStoreFixture>): void {
  describe(`${name} as a store of symptoms`, () => {
    let fixture: SymptomStoreFixture;
    before(async () => {
      fixture = await open();
    });
    after(() => fixture.close());

    const claimOf = (key: string, eventId: string, seconds = 0) => ({
      key,
      eventId,
      at: secondsAfterNoon(seconds),
      since: secondsAfterNoon(seconds - 600),
    });

    it("lets one of several events claim alike symptoms, and that event again", async () => {
      const stores = [fixture.store, fixture.other, fixture.store, fixture.other];
      const claims = await Promise.all(
        stores.map((store, index) => store.claim("111122223333", claimOf("storm", `event-${index}`))),
      );
      assert.equal(claims.filter(Boolean).length, 1);
      const winner = claims.indexOf(true);
      assert.ok(await fixture.other.claim("111122223333", claimOf("storm", `event-${winner}`, 60)));
    });

    it("keeps keys and accounts apart", async () => {
      for (const [account, key] of [
        ["111122223333", "one"],
        ["111122223333", "two"],
        ["444455556666", "one"],
      ] as const) {
        assert.ok(await fixture.store.claim(account, claimOf(key, `${account} ${key}`)));
      }
    });

    it("holds no claim from further ahead than clocks differ", async () => {
      const claim = { key: "ahead", since: "2026-11-22T11:50:00Z" } as const;
      await fixture.store.claim("123456789012", { ...claim, eventId: "forged", at: "2999-01-01T00:00:00Z" });
      const own = { ...claim, eventId: "own", at: "2026-11-22T12:00:00Z" } as const;
      assert.ok(await fixture.other.claim("123456789012", own));
      assert.equal(await fixture.store.claim("123456789012", { ...own, eventId: "other" }), false);
    });

    it("lets a claim end", async () => {
      assert.ok(await fixture.store.claim("111122223333", claimOf("old", "first")));
      assert.ok(!(await fixture.store.claim("111122223333", claimOf("old", "second", 600))), noon);
      assert.ok(await fixture.store.claim("111122223333", claimOf("old", "second", 601)));
    });
  });
}
