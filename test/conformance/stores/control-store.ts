import assert from "node:assert/strict";
import { randomInt, randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
import type { Approval } from "@drift-guard/core/model/approval";
import type { RollbackBudget } from "@drift-guard/core/model/control";
import type { Exception } from "@drift-guard/core/model/exception";
import type { RoleKey } from "@drift-guard/core/model/role";
import type { ControlStore } from "@drift-guard/core/ports";
import { controlKeys } from "@drift-guard/core/store/keys";
import { aFinding, aKey, noon, secondsAfterNoon } from "../../builders.ts";

/** A control store under test, and what the suite needs besides the port. */
export interface ControlStoreFixture {
  readonly store: ControlStore;
  /** A second store over the same data, as in another process. */
  readonly other: ControlStore;
  /** Puts an item by its keys, without the store. */
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

/** Tests an implementation of `ControlStore` against the promises of the port. */
export function describeControlStore(name: string, open: () => Promise<ControlStoreFixture>): void {
  describe(`${name} as a control store`, () => {
    let fixture: ControlStoreFixture;
    before(async () => {
      fixture = await open();
    });
    after(async () => {
      await fixture.close();
    });

    it("loads no decisions if nothing is stored", async () => {
      assert.deepEqual(await fixture.store.load(newRole()), { exceptions: [], approvals: [] });
    });

    it("loads the decisions about the role, ignoring the case of its name", async () => {
      const role = newRole();
      await decide(role);
      const expected = { exceptions: [exception], approvals: [approval] };
      assert.deepEqual(await fixture.store.load(role), expected);
      assert.deepEqual(await fixture.store.load({ ...role, name: role.name.toUpperCase() }), expected);
      assert.deepEqual(await fixture.store.load(newRole(role.account)), { exceptions: [], approvals: [] });
    });

    it("loads a pause for every role of its account, and for no other account", async () => {
      const role = newRole();
      await fixture.put(controlKeys.account(role.account), controlKeys.paused, {
        schema: 1,
        reason: "an incident",
      });
      assert.equal((await fixture.store.load(role)).paused, "an incident");
      assert.equal((await fixture.store.load(newRole(role.account))).paused, "an incident");
      assert.equal((await fixture.store.load(newRole())).paused, undefined);
    });

    it("stores an opened breaker with its latest reason, for that role only", async () => {
      const role = newRole();
      await fixture.store.openBreaker(role, "the drift came back twice");
      await fixture.store.openBreaker(role, "the drift came back thrice");
      assert.equal((await fixture.other.load(role)).breaker, "the drift came back thrice");
      assert.equal((await fixture.store.load(newRole(role.account))).breaker, undefined);
    });

    it("lets a role spend no more than its budget", async () => {
      const role = newRole();
      const spent = await spendTimes(role, 3, { perRole: 2, perAccount: 9, windowHours: 1 });
      assert.deepEqual(spent, ["spent", "spent", "role budget exhausted"]);
    });

    it("lets all roles of an account spend no more than the account's budget", async () => {
      const role = newRole();
      const budget = { perRole: 2, perAccount: 3, windowHours: 1 };
      assert.deepEqual(await spendTimes(role, 2, budget), ["spent", "spent"]);
      const second = newRole(role.account);
      assert.deepEqual(await spendTimes(second, 2, budget), ["spent", "account budget exhausted"]);
      assert.deepEqual(await spendTimes(newRole(), 1, budget), ["spent"]);
    });

    it("spends nothing from one budget if the other is exhausted", async () => {
      const role = newRole();
      const budget = { perRole: 1, perAccount: 2, windowHours: 1 };
      await spendTimes(role, 5, budget);
      assert.deepEqual(await spendTimes(newRole(role.account), 1, budget), ["spent"]);
    });

    it("starts again with the next window", async () => {
      const role = newRole();
      const budget = { perRole: 1, perAccount: 1, windowHours: 2 };
      assert.deepEqual(await spendTimes(role, 2, budget), ["spent", "role budget exhausted"]);
      assert.equal(
        await fixture.store.spend(role, budget, secondsAfterNoon(2 * 3600 - 1)),
        "role budget exhausted",
      );
      assert.equal(await fixture.store.spend(role, budget, secondsAfterNoon(2 * 3600)), "spent");
    });

    it("lets concurrent rollbacks spend no more than the budget", async () => {
      const role = newRole();
      const budget = { perRole: 2, perAccount: 9, windowHours: 1 };
      const racing = [fixture.store, fixture.other, fixture.store, fixture.other];
      const spent = await Promise.all(racing.map((store) => store.spend(role, budget, noon)));
      assert.deepEqual(spent.sort(), ["role budget exhausted", "role budget exhausted", "spent", "spent"]);
    });

    it("leaves out an item of the role or the account that cannot be read, names it, and loads the others", async () => {
      const invalid = { schema: 1, reason: 7, exception: { findingId: 7 } };
      for (const [pk, sk] of [
        [controlKeys.partition, controlKeys.exception("invalid")],
        [controlKeys.partition, controlKeys.breaker],
        [(role: RoleKey) => controlKeys.account(role.account), controlKeys.paused],
      ] as const) {
        const role = newRole();
        await decide(role);
        await fixture.put(pk(role), sk, invalid);
        const { unreadable, ...others } = await fixture.store.load(role);
        assert.deepEqual(others, { exceptions: [exception], approvals: [approval] });
        assertNames(unreadable, sk);
      }
    });

    it("names every item that cannot be read", async () => {
      const role = newRole();
      const pk = controlKeys.partition(role);
      await fixture.put(pk, controlKeys.breaker, { schema: 1, reason: 7 });
      await fixture.put(pk, controlKeys.exception("invalid"), { schema: 1 });
      assert.equal((await fixture.store.load(role)).unreadable?.length, 2);
    });

    it("leaves out an item that has another schema, and names it", async () => {
      const role = newRole();
      await fixture.put(controlKeys.partition(role), controlKeys.breaker, { schema: 2, reason: "later" });
      const { unreadable, ...others } = await fixture.store.load(role);
      assert.deepEqual(others, { exceptions: [], approvals: [] });
      assertNames(unreadable, controlKeys.breaker);
    });

    it("reads times with any offset from UTC as instants", async () => {
      const role = newRole();
      const pk = controlKeys.partition(role);
      await fixture.put(pk, controlKeys.exception(finding.id), {
        schema: 1,
        exception: { ...exception, expires: "2026-11-22T13:00:00+05:00" },
      });
      await fixture.put(pk, controlKeys.approval(finding.id), {
        schema: 1,
        approval: { ...approval, at: "2026-11-22T06:30:00-05:30", expires: "2026-11-22T13:00:00Z" },
      });
      const { exceptions, approvals } = await fixture.store.load(role);
      assert.deepEqual(exceptions, [{ ...exception, expires: "2026-11-22T08:00:00.000Z" }]);
      assert.deepEqual(approvals, [{ ...approval, expires: "2026-11-22T13:00:00Z" }]);
    });

    for (const expires of ["never", "", "2026-11-31T00:00:00Z", "2026-11-22", "9999999999", null]) {
      it(`leaves out an exception or approval that expires at ${JSON.stringify(expires)}, and names it`, async () => {
        for (const [sk, item] of [
          [controlKeys.exception("unreadable"), { exception: { ...exception, expires } }],
          [controlKeys.approval("unreadable"), { approval: { ...approval, expires } }],
        ] as const) {
          const role = newRole();
          await decide(role);
          await fixture.put(controlKeys.partition(role), sk, { schema: 1, ...item });
          const { unreadable, ...others } = await fixture.store.load(role);
          assert.deepEqual(others, { exceptions: [exception], approvals: [approval] });
          assertNames(unreadable, sk);
          assert.match(unreadable?.[0] ?? "", /expires/);
        }
      });
    }

    async function decide(role: RoleKey): Promise<void> {
      const pk = controlKeys.partition(role);
      await fixture.put(pk, controlKeys.exception(finding.id), { schema: 1, exception });
      await fixture.put(pk, controlKeys.approval(finding.id), { schema: 1, approval });
    }

    async function spendTimes(
      role: RoleKey,
      times: number,
      budget: RollbackBudget,
    ): Promise<readonly string[]> {
      const spent: string[] = [];
      for (let time = 0; time < times; time += 1) spent.push(await fixture.store.spend(role, budget, noon));
      return spent;
    }
  });
}

function assertNames(unreadable: readonly string[] | undefined, sk: string): void {
  assert.equal(unreadable?.length, 1);
  assert.ok(unreadable?.[0]?.includes(sk), unreadable?.[0]);
}

function newRole(account = String(randomInt(1e11, 1e12))): RoleKey {
  return aKey({ account, name: `Role-${randomUUID().slice(0, 13)}` });
}
