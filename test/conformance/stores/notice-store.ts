import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { emptyNoticeState } from "@drift-guard/core/model/notice-state";
import type { NoticeStore } from "@drift-guard/core/ports";
import { noon } from "../../builders.ts";

/** A store of what people were told, under test. */
export interface NoticeStoreFixture {
  readonly store: NoticeStore;
  /** A second store over the same data, as in another process. */
  readonly other: NoticeStore;
  close(): Promise<void>;
}

/** Tests an implementation of `NoticeStore` against the promises of the port. */
export function describeNoticeStore(name: string, open: () => Promise<NoticeStoreFixture>): void {
  describe(`${name} as a store of what people were told`, () => {
    let fixture: NoticeStoreFixture;
    before(async () => {
      fixture = await open();
    });
    after(() => fixture.close());

    it("is empty at first, and returns what was saved with the next version", async () => {
      const account = randomUUID();
      const empty = await fixture.store.load(account);
      assert.deepEqual(empty, emptyNoticeState());
      const held = [{ role: "AWSBatchServiceRole", findingId: "f", seq: 3 }];
      const told = [{ at: noon, role: "1#role", urgent: true as const }, { at: noon }];
      assert.ok(await fixture.store.save(account, { ...empty, told, held, due: noon }));
      assert.deepEqual(await fixture.other.load(account), { version: 1, told, held, due: noon });
    });

    it("finds a test message that was sent, and no other", async () => {
      const account = randomUUID();
      await fixture.store.recordTest(account, "one", { sentAt: noon });
      await fixture.store.recordTest(account, "one", { sentAt: noon });
      assert.deepEqual(await fixture.other.findTest(account, "one"), { sentAt: noon });
      assert.equal(await fixture.other.findTest(account, "two"), undefined);
      assert.equal(await fixture.other.findTest(randomUUID(), "one"), undefined);
    });

    it("lets one of several writers of a version win", async () => {
      const account = randomUUID();
      for (const version of [0, 1]) {
        const stores = [fixture.store, fixture.other, fixture.store, fixture.other];
        const saved = await Promise.all(
          stores.map((store) => store.save(account, { ...emptyNoticeState(), version })),
        );
        assert.equal(saved.filter(Boolean).length, 1, `version ${version}`);
      }
    });
  });
}
