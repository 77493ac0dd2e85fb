import assert from "node:assert/strict";
import { randomInt, randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { StoreUnavailableError } from "@drift-guard/core/errors";
import type { Approval, Exception, RollbackBudget } from "@drift-guard/core/model/control";
import type { RoleKey } from "@drift-guard/core/model/role";
import type { ControlStore } from "@drift-guard/core/ports";
import { controlKeys } from "@drift-guard/core/store/keys";
import { aFinding, aKey, noon, secondsAfterNoon } from "../../builders.ts";

/** A control store under test, with what the suite needs beside the port. */
export interface ControlStoreDoor {
  readonly store: ControlStore;
  /** The same data, as another process would open it. */
  readonly other: ControlStore;
  /** Puts an item by its keys, past the store. */
  put(pk: string, sk: string, item: Readonly<Record<string, unknown>>): Promise<void>;
  close(): Promise<void>;
}

const finding = aFinding();
const exception: Exception = {
  findingId: finding.id,
  digest: "d1",
  owner: "batch-team",
  reason: "the migration needs it",
  expires: secondsAfterNoon(3600),
};
const approval: Approval = {
  findingId: finding.id,
  digest: "d1",
  at: "2026-11-22T12:00:00.000Z",
  by: "ada",
  expires: secondsAfterNoon(600),
};

/** Holds an implementation of `ControlStore` to what the port promises. */
export function describeControlStore(name: string, open: () => Promise<ControlStoreDoor>): void {
  describe(`${name} as a control store`, () => {
    let door: ControlStoreDoor;
    before(async () => {
      door = await open();
    });
    after(async () => {
      await door.close();
    });

    it("loads nothing decided where nothing is stored", async () => {
      assert.deepEqual(await door.store.load(newRole()), { exceptions: [], approvals: [] });
    });

    it("loads what people decided about the role, whatever the case of its name, and about no other", async () => {
      const role = newRole();
      await decide(role);
      const expected = { exceptions: [exception], approvals: [approval] };
      assert.deepEqual(await door.store.load(role), expected);
      assert.deepEqual(await door.store.load({ ...role, name: role.name.toUpperCase() }), expected);
      assert.deepEqual(await door.store.load(newRole(role.account)), { exceptions: [], approvals: [] });
    });

    it("tells every role of the account that rollbacks are paused, and no role of another", async () => {
      const role = newRole();
      await door.put(controlKeys.account(role.account), controlKeys.paused, {
        schema: 1,
        reason: "an incident",
      });
      assert.equal((await door.store.load(role)).paused, "an incident");
      assert.equal((await door.store.load(newRole(role.account))).paused, "an incident");
      assert.equal((await door.store.load(newRole())).paused, undefined);
    });

    it("keeps an opened breaker and its latest reason, for that role alone", async () => {
      const role = newRole();
      await door.store.openBreaker(role, "the drift came back twice");
      await door.store.openBreaker(role, "the drift came back thrice");
      assert.equal((await door.other.load(role)).breaker, "the drift came back thrice");
      assert.equal((await door.store.load(newRole(role.account))).breaker, undefined);
    });

    it("lets a role spend its budget and no more", async () => {
      const role = newRole();
      const spent = await spendTimes(role, 3, { perRole: 2, perAccount: 9, windowHours: 1 });
      assert.deepEqual(spent, ["spent", "spent", "role budget exhausted"]);
    });

    it("lets all roles of an account together spend the account's budget and no more", async () => {
      const role = newRole();
      const budget = { perRole: 2, perAccount: 3, windowHours: 1 };
      assert.deepEqual(await spendTimes(role, 2, budget), ["spent", "spent"]);
      const second = newRole(role.account);
      assert.deepEqual(await spendTimes(second, 2, budget), ["spent", "account budget exhausted"]);
      assert.deepEqual(await spendTimes(newRole(), 1, budget), ["spent"]);
    });

    it("spends nothing of one budget where the other is exhausted", async () => {
      const role = newRole();
      const budget = { perRole: 1, perAccount: 2, windowHours: 1 };
      await spendTimes(role, 5, budget);
      assert.deepEqual(await spendTimes(newRole(role.account), 1, budget), ["spent"]);
    });

    it("begins anew with the next window", async () => {
      const role = newRole();
      const budget = { perRole: 1, perAccount: 1, windowHours: 2 };
      assert.deepEqual(await spendTimes(role, 2, budget), ["spent", "role budget exhausted"]);
      assert.equal(
        await door.store.spend(role, budget, secondsAfterNoon(2 * 3600 - 1)),
        "role budget exhausted",
      );
      assert.equal(await door.store.spend(role, budget, secondsAfterNoon(2 * 3600)), "spent");
    });

    it("never lets spenders that race spend more than the budget", async () => {
      const role = newRole();
      const budget = { perRole: 2, perAccount: 9, windowHours: 1 };
      const racing = [door.store, door.other, door.store, door.other];
      const spent = await Promise.all(racing.map((store) => store.spend(role, budget, noon)));
      assert.deepEqual(spent.sort(), ["role budget exhausted", "role budget exhausted", "spent", "spent"]);
    });

    it("throws where anything about the role or the account cannot be read, and names it", async () => {
      const spoilt = { schema: 1, reason: 7, exception: { findingId: 7 } };
      for (const [pk, sk] of [
        [controlKeys.partition, controlKeys.exception("spoilt")],
        [controlKeys.partition, controlKeys.breaker],
        [(role: RoleKey) => controlKeys.account(role.account), controlKeys.paused],
      ] as const) {
        const role = newRole();
        await decide(role);
        await door.put(pk(role), sk, spoilt);
        await assert.rejects(door.store.load(role), (error) => {
          assert.ok(error instanceof StoreUnavailableError);
          assert.ok(error.message.includes(sk), error.message);
          return true;
        });
      }
    });

    it("throws where the decisions were written by another schema", async () => {
      const role = newRole();
      await door.put(controlKeys.partition(role), controlKeys.breaker, { schema: 2, reason: "later" });
      await assert.rejects(door.store.load(role), StoreUnavailableError);
    });

    it("reads times with any offset from UTC as the moments that they are", async () => {
      const role = newRole();
      const pk = controlKeys.partition(role);
      await door.put(pk, controlKeys.exception(finding.id), {
        schema: 1,
        exception: { ...exception, expires: "2026-11-22T13:00:00+05:00" },
      });
      await door.put(pk, controlKeys.approval(finding.id), {
        schema: 1,
        approval: { ...approval, at: "2026-11-22T06:30:00-05:30", expires: "2026-11-22T13:00:00Z" },
      });
      const { exceptions, approvals } = await door.store.load(role);
      assert.deepEqual(exceptions, [{ ...exception, expires: "2026-11-22T08:00:00.000Z" }]);
      assert.deepEqual(approvals, [{ ...approval, expires: "2026-11-22T13:00:00Z" }]);
    });

    for (const expires of ["never", "", "2026-11-31T00:00:00Z", "2026-11-22", "9999999999", null]) {
      it(`throws where an exception or approval expires at ${JSON.stringify(expires)}: that suppresses nothing`, async () => {
        for (const [sk, item] of [
          [controlKeys.exception(finding.id), { exception: { ...exception, expires } }],
          [controlKeys.approval(finding.id), { approval: { ...approval, expires } }],
        ] as const) {
          const role = newRole();
          await door.put(controlKeys.partition(role), sk, { schema: 1, ...item });
          await assert.rejects(door.store.load(role), (error) => {
            assert.ok(error instanceof StoreUnavailableError);
            assert.match(error.message, /expires/);
            return true;
          });
        }
      });
    }

    async function decide(role: RoleKey): Promise<void> {
      const pk = controlKeys.partition(role);
      await door.put(pk, controlKeys.exception(finding.id), { schema: 1, exception });
      await door.put(pk, controlKeys.approval(finding.id), { schema: 1, approval });
    }

    async function spendTimes(
      role: RoleKey,
      times: number,
      budget: RollbackBudget,
    ): Promise<readonly string[]> {
      const spent: string[] = [];
      for (let time = 0; time < times; time += 1) spent.push(await door.store.spend(role, budget, noon));
      return spent;
    }
  });
}

function newRole(account = String(randomInt(1e11, 1e12))): RoleKey {
  return aKey({ account, name: `Role-${randomUUID().slice(0, 13)}` });
}
