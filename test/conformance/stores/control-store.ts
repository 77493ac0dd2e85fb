import assert from "node:assert/strict";
import { randomInt, randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
import type { Approval } from "@drift-guard/core/model/approval";
import {
  type Closure,
  type Control,
  emptyControl,
  type Pause,
  type Reset,
} from "@drift-guard/core/model/control";
import type { Exception } from "@drift-guard/core/model/exception";
import type { Instant } from "@drift-guard/core/model/instant";
import type { RoleKey } from "@drift-guard/core/model/role";
import type { Rollback } from "@drift-guard/core/model/rollback";
import type { ControlStore } from "@drift-guard/core/ports";
import { controlKeys } from "@drift-guard/core/store/keys";
import { aFinding, aKey, anActor, aRollback, noon, secondsAfterNoon } from "../../builders.ts";

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
const pause: Pause = {
  scope: "account",
  by: "arn:aws:iam::123456789012:user/ada",
  at: noon,
  until: secondsAfterNoon(3600),
  reason: "an incident",
};
const reset: Reset = { findingId: finding.id, by: "ada", at: noon };
const closure: Closure = { findingId: finding.id, digest: "d1", by: "ada", at: noon, reason: "rotated" };

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

    it("loads an empty record if nothing is stored", async () => {
      const role = newRole();
      assert.deepEqual(await fixture.store.load(role), emptyControl(role));
    });

    it("loads the decisions about the role, ignoring the case of its name", async () => {
      const role = newRole();
      await fixture.store.decide(role, { kind: "exception", exception });
      await fixture.store.decide(role, { kind: "approval", approval });
      await fixture.store.decide(role, { kind: "reset", reset });
      await fixture.store.decide(role, { kind: "closure", closure });
      const decided = {
        exceptions: [exception],
        approvals: [approval],
        resets: [reset],
        closures: [closure],
      };
      assert.deepEqual(await fixture.other.load(role), { ...emptyControl(role), ...decided });
      const shouted = { ...role, name: role.name.toUpperCase() };
      assert.deepEqual(await fixture.store.load(shouted), { ...emptyControl(shouted), ...decided });
      const another = newRole(role.account);
      assert.deepEqual(await fixture.store.load(another), emptyControl(another));
    });

    it("replaces an earlier decision about the same finding", async () => {
      const role = newRole();
      await fixture.store.decide(role, { kind: "approval", approval });
      await fixture.store.decide(role, { kind: "approval", approval: { ...approval, by: "grace" } });
      assert.deepEqual((await fixture.store.load(role)).approvals, [{ ...approval, by: "grace" }]);
    });

    it("loads a pause of the account for each of its roles, and one of a role for that role", async () => {
      const role = newRole();
      const ofRole: Pause = { ...pause, scope: "role" };
      await fixture.store.decide(role, { kind: "pause", pause });
      await fixture.store.decide(role, { kind: "pause", pause: ofRole });
      const { pauses } = await fixture.store.load(role);
      assert.deepEqual(new Set(pauses), new Set([ofRole, pause]));
      assert.deepEqual((await fixture.store.load(newRole(role.account))).pauses, [pause]);
      assert.deepEqual((await fixture.store.load(newRole())).pauses, []);
    });

    it("loads the observing phase for each role of its account, and the copy in the record where it is gone", async () => {
      const role = newRole();
      const phase = { version: 0, since: noon };
      assert.equal(await fixture.store.saveObserving(role.account, phase), true);
      assert.equal(await fixture.other.saveObserving(role.account, phase), false);
      const loaded = await fixture.store.load(role);
      assert.deepEqual(loaded.observing, { ...phase, version: 1 });
      await fixture.store.commit({ before: loaded, after: loaded });
      const swept = { version: 1, since: noon, sweptAt: secondsAfterNoon(60) };
      assert.equal(await fixture.other.saveObserving(role.account, swept), true);
      assert.deepEqual((await fixture.store.load(role)).observing, { ...swept, version: 2 });
      await fixture.put(controlKeys.account(role.account), controlKeys.observing, { schema: 1, since: 7 });
      const { observing, unreadable } = await fixture.store.load(role);
      assert.deepEqual(observing, { ...phase, version: 0 });
      assertNames(unreadable, controlKeys.observing);
    });

    it("commits what rollback knows and has done, and loads it", async () => {
      const role = newRole();
      const record = aRecord(role);
      const committed = await fixture.store.commit({ before: emptyControl(role), after: record });
      assert.deepEqual(committed, { ...record, version: 1 });
      assert.deepEqual(await fixture.other.load(role), committed);
    });

    it("keeps decisions that a commit does not know", async () => {
      const role = newRole();
      const loaded = await fixture.store.load(role);
      await fixture.other.decide(role, { kind: "exception", exception });
      await fixture.store.commit({ before: loaded, after: aRecord(role) });
      assert.deepEqual((await fixture.store.load(role)).exceptions, [exception]);
    });

    it("writes the steps of a rollback as they are made, and removes one that the new record does not have", async () => {
      const role = newRole();
      const running = aRollback("running", "r1");
      const first = await fixture.store.commit({
        before: emptyControl(role),
        after: { ...emptyControl(role), rollbacks: [running, aRollback("done", "r0")] },
      });
      const stepped: Rollback = { ...running, steps: [{ step: 0, intendedAt: noon }] };
      const second = await fixture.store.commit({ before: first, after: { ...first, rollbacks: [stepped] } });
      assert.deepEqual(await fixture.store.load(role), second);
      assert.deepEqual(second.rollbacks, [stepped]);
    });

    it("refuses a commit on an older version, and writes nothing of it", async () => {
      const role = newRole();
      const first = await fixture.store.commit({ before: emptyControl(role), after: aRecord(role) });
      const late = { before: emptyControl(role), after: { ...emptyControl(role), rollbacks: [] } };
      await assert.rejects(fixture.other.commit(late), { name: "ControlConflictError" });
      assert.deepEqual(await fixture.store.load(role), first);
    });

    it("lets one of two concurrent commits win", async () => {
      const role = newRole();
      const commits = [fixture.store, fixture.other].map((store, index) =>
        store.commit({
          before: emptyControl(role),
          after: { ...emptyControl(role), rollbacks: [aRollback("running", `r${index}`)] },
        }),
      );
      const settled = await Promise.allSettled(commits);
      assert.deepEqual(settled.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
      assert.equal((await fixture.store.load(role)).rollbacks.length, 1);
    });

    it("removes the records of many rollbacks in several commits", async () => {
      const role = newRole();
      let control = emptyControl(role);
      for (let batch = 0; batch < 3; batch += 1) {
        const more = Array.from({ length: 30 }, (_, index) => aRollback("done", `r${batch}-${index}`));
        const after = { ...control, rollbacks: [...control.rollbacks, ...more] };
        control = await fixture.store.commit({ before: control, after });
      }
      for (let round = 0; round < 5 && control.rollbacks.length > 0; round += 1) {
        await fixture.store.commit({ before: control, after: { ...control, rollbacks: [] } });
        control = await fixture.store.load(role);
      }
      assert.deepEqual(control.rollbacks, []);
    });

    it("remembers the guard's own calls after their rollback is removed, for their account", async () => {
      const role = newRole();
      const after = { ...emptyControl(role), rollbacks: [aRollback("done", role.name)] };
      const first = await fixture.store.commit({ before: emptyControl(role), after });
      await fixture.store.commit({ before: first, after: { ...first, rollbacks: [] } });
      const requestId = `request-of-${role.name}`;
      assert.equal(await fixture.other.ownCall(role.account, requestId), true);
      assert.equal(await fixture.other.ownCall(newRole().account, requestId), false);
      assert.equal(await fixture.other.ownCall(role.account, "another"), false);
    });

    it("lets an account restore no more often in an hour than its limit, and again in the next", async () => {
      const { account } = newRole();
      const spend = (id: string, now = noon) => fixture.store.spendRestoring(account, id, now, 2);
      assert.deepEqual(
        [await spend("a"), await spend("b"), await spend("c")],
        ["granted", "granted", "exhausted"],
      );
      assert.equal(await spend("c", secondsAfterNoon(3599)), "exhausted");
      const has = (now: Instant) => fixture.other.hasRestoringLeft(account, now, 2);
      assert.deepEqual([await has(noon), await has(secondsAfterNoon(3600))], [false, true]);
      assert.equal(await spend("c", secondsAfterNoon(3600)), "granted");
      assert.equal(await fixture.store.spendRestoring(newRole().account, "c", noon, 2), "granted");
    });

    it("counts a rollback once, however often it asks", async () => {
      const { account } = newRole();
      const spend = (store: ControlStore, id: string) => store.spendRestoring(account, id, noon, 2);
      const racing = [fixture.store, fixture.other, fixture.store, fixture.other];
      const spent = await Promise.all(racing.map((store) => spend(store, "a")));
      assert.deepEqual(spent, ["granted", "granted", "granted", "granted"]);
      assert.equal(await spend(fixture.store, "b"), "granted");
      assert.equal(await spend(fixture.store, "c"), "exhausted");
      assert.equal(await spend(fixture.store, "a"), "granted");
    });

    it("leaves out an item of the role or the account that cannot be read, names it, and loads the others", async () => {
      const invalid = { schema: 1, exception: { findingId: 7 }, pause: 7, attempts: 7, version: "7" };
      for (const [pk, sk] of [
        [controlKeys.partition, controlKeys.exception("invalid")],
        [controlKeys.partition, controlKeys.attempts],
        [controlKeys.partition, controlKeys.control],
        [controlKeys.partition, controlKeys.rollback("invalid")],
        [(role: RoleKey) => controlKeys.account(role.account), controlKeys.pause],
      ] as const) {
        const role = newRole();
        await decide(role);
        await fixture.put(pk(role), sk, invalid);
        const { unreadable, ...others } = await fixture.store.load(role);
        assert.deepEqual(others, decided(role));
        assertNames(unreadable, sk);
      }
    });

    it("names a rollback whose plan is not stored", async () => {
      const role = newRole();
      const { plan: _, before: __, ...rollback } = aRollback("done");
      await fixture.put(controlKeys.partition(role), controlKeys.rollback("r"), { schema: 1, rollback });
      const { unreadable, rollbacks } = await fixture.store.load(role);
      assert.deepEqual(rollbacks, []);
      assertNames(unreadable, rollback.id);
    });

    it("leaves out an item that has another schema, and names it", async () => {
      const role = newRole();
      await fixture.put(controlKeys.partition(role), controlKeys.pause, { schema: 2, reason: "later" });
      const { unreadable, ...others } = await fixture.store.load(role);
      assert.deepEqual(others, emptyControl(role));
      assertNames(unreadable, controlKeys.pause);
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
          assert.deepEqual(others, decided(role));
          assertNames(unreadable, sk);
          assert.match(unreadable?.[0] ?? "", /expires/);
        }
      });
    }

    async function decide(role: RoleKey): Promise<void> {
      await fixture.store.decide(role, { kind: "exception", exception });
      await fixture.store.decide(role, { kind: "approval", approval });
    }
  });
}

function decided(role: RoleKey): Control {
  return { ...emptyControl(role), exceptions: [exception], approvals: [approval] };
}

function aRecord(role: RoleKey): Control {
  return {
    ...emptyControl(role),
    enrolment: { roleId: "AROA2BATCHSERVICEROLE", at: noon, cleanAt: secondsAfterNoon(60) },
    rollbacks: [aRollback("done", "r1"), aRollback("failed", "r2"), aRollback("running", "r3")],
    attempts: [{ findingId: finding.id, starts: [noon, secondsAfterNoon(5)], contestedAt: noon }],
    causes: [
      {
        findingId: finding.id,
        digest: "d",
        changeId: "c",
        call: "iam:DetachRolePolicy",
        at: noon,
        actor: anActor(),
      },
    ],
    nextTry: secondsAfterNoon(300),
  };
}

function assertNames(unreadable: readonly string[] | undefined, name: string): void {
  assert.equal(unreadable?.length, 1);
  assert.ok(unreadable?.[0]?.includes(name), unreadable?.[0]);
}

function newRole(account = String(randomInt(1e11, 1e12))): RoleKey {
  return aKey({ account, name: `Role-${randomUUID().slice(0, 13)}` });
}
