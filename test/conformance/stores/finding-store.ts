import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { LedgerConflictError, StoreUnavailableError } from "@drift-guard/core/errors";
import type { Finding } from "@drift-guard/core/model/finding";
import type { Ledger } from "@drift-guard/core/model/ledger";
import type { RoleKey } from "@drift-guard/core/model/role";
import type { Transition } from "@drift-guard/core/model/transition";
import type { FindingStore, Sink } from "@drift-guard/core/ports";
import { findingKeys } from "@drift-guard/core/store/keys";
import {
  aFinding,
  aKey,
  aLedger,
  aRollback,
  aTransition,
  everyEvidence,
  noon,
  secondsAfterNoon,
} from "../../builders.ts";

/** A finding store under test, with what the suite needs beside the port. */
export interface FindingStoreDoor {
  readonly store: FindingStore;
  /** The same data, as another process would open it. */
  readonly other: FindingStore;
  /** The same data, as it is opened where the owner chose other sinks. */
  choose(sinks: readonly Sink[]): FindingStore;
  /** Puts an item by its keys, past the store. */
  put(pk: string, sk: string, item: Readonly<Record<string, unknown>>): Promise<void>;
  close(): Promise<void>;
}

/** The sinks that a store under test must be made with. */
export const sinks: readonly Sink[] = ["notify", "securityhub"];

/** Holds an implementation of `FindingStore` to what the port promises. */
export function describeFindingStore(name: string, open: () => Promise<FindingStoreDoor>): void {
  describe(`${name} as a finding store`, () => {
    let door: FindingStoreDoor;
    before(async () => {
      door = await open();
    });
    after(async () => {
      await door.close();
    });

    it("loads an empty ledger of version 0 where nothing is stored", async () => {
      const role = newRole();
      assert.deepEqual(await door.store.load(role), aLedger({ role }));
    });

    it("loads what was committed: every kind of evidence, every state, every status of a rollback", async () => {
      const role = newRole();
      const evidence = everyEvidence().map((one, index) =>
        aFinding({ id: `evidence-${index}`, role, evidence: one }),
      );
      const states: readonly Finding[] = [
        aFinding({ id: "suppressed", role, state: "suppressed" }),
        aFinding({ id: "resolved", role, state: "resolved", seq: 3, cleanSince: secondsAfterNoon(60) }),
      ];
      const rollbacks = [aRollback("running", "r1"), aRollback("done", "r2"), aRollback("failed", "r3")];
      const committed = await commit(door.store, aLedger({ role }), {
        findings: [...evidence, ...states],
        rollbacks,
      });
      assert.ok(committed.version > 0);
      assert.deepEqual(sorted(await door.store.load(role)), sorted(committed));
      assert.deepEqual(sorted(await door.other.load(role)), sorted(committed));
    });

    it("steps the version with every commit, also with one that changes nothing else", async () => {
      const role = newRole();
      const first = await commit(door.store, aLedger({ role }), { findings: [aFinding({ role })] });
      const second = await commit(door.store, first, {});
      assert.ok(second.version > first.version);
      assert.deepEqual(await door.store.load(role), second);
    });

    it("forgets a finding and a rollback that the new ledger does not hold", async () => {
      const role = newRole();
      const findings = [aFinding({ id: "stays", role }), aFinding({ id: "goes", role })];
      const rollbacks = [aRollback("done", "goes")];
      const first = await commit(door.store, aLedger({ role }), { findings, rollbacks });
      await commit(door.store, first, { findings: findings.slice(0, 1), rollbacks: [] });
      const { findings: left, rollbacks: none } = await door.store.load(role);
      assert.deepEqual([left.map(({ id }) => id), none], [["stays"], []]);
    });

    it("keeps the ledgers of different roles and accounts apart", async () => {
      const role = newRole();
      const elsewhere = { ...role, account: "210987654321" };
      await commit(door.store, aLedger({ role }), { findings: [aFinding({ role })] });
      assert.deepEqual(await door.store.load(elsewhere), aLedger({ role: elsewhere }));
    });

    it("takes role names in another case for the same role", async () => {
      const role = newRole();
      const committed = await commit(door.store, aLedger({ role }), { findings: [aFinding({ role })] });
      const shouted = { ...role, name: role.name.toUpperCase() };
      assert.deepEqual((await door.store.load(shouted)).findings, committed.findings);
    });

    it("refuses a commit on an outdated ledger, and writes nothing of it", async () => {
      const role = newRole();
      const empty = aLedger({ role });
      const stored = await commit(door.store, empty, { findings: [aFinding({ id: "first", role })] });
      const late = aFinding({ id: "late", role });
      await assert.rejects(
        commit(door.other, empty, { findings: [late], rollbacks: [aRollback()] }, [
          aTransition({ finding: late }),
        ]),
        LedgerConflictError,
      );
      assert.deepEqual(await door.store.load(role), stored);
      assert.deepEqual(await door.store.history(role, "late"), []);
      const waiting = (await collect(door.store.undelivered(secondsAfterNoon(1)))).filter(isOf(role));
      assert.deepEqual(waiting, []);
    });

    it("lets one of several writers that race win, whole", async () => {
      const role = newRole();
      const writers = Array.from({ length: 6 }, (_, index) => {
        const finding = aFinding({ id: `writer-${index}`, role });
        const store = index % 2 === 0 ? door.store : door.other;
        return commit(store, aLedger({ role }), { findings: [finding] }, [aTransition({ finding })]);
      });
      const results = await Promise.allSettled(writers);
      const won = results.flatMap((result) => (result.status === "fulfilled" ? result.value : []));
      const errors = results.flatMap((result) => (result.status === "rejected" ? [result.reason] : []));
      assert.equal(won.length, 1);
      assert.ok(errors.every((error) => error instanceof LedgerConflictError));
      const loaded = await door.store.load(role);
      assert.deepEqual(loaded, won[0]);
      for (let index = 0; index < writers.length; index += 1) {
        const told = await door.store.history(role, `writer-${index}`);
        assert.equal(told.length, loaded.findings[0]?.id === `writer-${index}` ? 1 : 0);
      }
    });

    it("takes more than a hundred findings in one commit", async () => {
      const role = newRole();
      const findings = Array.from({ length: 130 }, (_, index) => aFinding({ id: `many-${index}`, role }));
      const transitions = findings.map((finding) => aTransition({ finding }));
      const committed = await commit(door.store, aLedger({ role }), { findings }, transitions);
      const loaded = await door.store.load(role);
      assert.equal(loaded.findings.length, 130);
      assert.deepEqual(sorted(loaded), sorted(committed));
      assert.equal((await door.store.history(role, "many-129")).length, 1);
    });

    it("gives every finding of every role", async () => {
      const roles = [newRole(), newRole()];
      for (const role of roles) {
        const finding = aFinding({ role });
        await commit(door.store, aLedger({ role }), { findings: [finding] }, [aTransition({ finding })]);
      }
      const found = await collect(door.store.findings());
      for (const role of roles) {
        assert.deepEqual(
          found.filter((finding) => finding.role.name === role.name),
          [aFinding({ role })],
        );
      }
    });

    it("tells what happened to a finding, oldest first, and not what happened to another", async () => {
      const role = newRole();
      let ledger = aLedger({ role });
      for (let seq = 1; seq <= 12; seq += 1) {
        const finding = aFinding({ id: "told", role, seq, updatedAt: secondsAfterNoon(seq) });
        const neighbour = aFinding({ id: "told-too", role, seq, updatedAt: secondsAfterNoon(seq) });
        ledger = await commit(door.store, ledger, { findings: [finding, neighbour] }, [
          aTransition({ finding, kind: seq === 1 ? "opened" : "worsened" }),
          aTransition({ finding: neighbour }),
        ]);
      }
      const history = await door.store.history(role, "told");
      assert.deepEqual(
        history.map(({ id }) => id),
        Array.from({ length: 12 }, (_, index) => `told#${index + 1}`),
      );
    });

    it("gives a transition until every sink has marked it, and marking it twice is nothing", async () => {
      const role = newRole();
      const finding = aFinding({ role });
      const transition = aTransition({ finding });
      await commit(door.store, aLedger({ role }), { findings: [finding] }, [transition]);
      const waiting = async () =>
        (await collect(door.store.undelivered(secondsAfterNoon(1)))).filter(isOf(role));
      assert.deepEqual(await waiting(), [transition]);
      await door.store.markDelivered(transition, "notify");
      await door.store.markDelivered(transition, "notify");
      assert.deepEqual(await waiting(), [transition]);
      await door.other.markDelivered(transition, "securityhub");
      assert.deepEqual(await waiting(), []);
      assert.deepEqual(await door.store.history(role, finding.id), [transition]);
    });

    it("tells which sinks a transition waits for, until each has marked it", async () => {
      const role = newRole();
      const finding = aFinding({ role });
      const transition = aTransition({ finding });
      await commit(door.store, aLedger({ role }), { findings: [finding] }, [transition]);
      const waiting = async () => (await door.other.findDelivery(transition))?.awaiting;
      assert.deepEqual([...((await waiting()) ?? [])].sort(), ["notify", "securityhub"]);
      await door.store.markDelivered(transition, "notify");
      assert.deepEqual(await waiting(), ["securityhub"]);
      await door.store.markDelivered(transition, "securityhub");
      assert.deepEqual(await waiting(), []);
    });

    it("gives a transition as it was committed, whatever a copy of it says", async () => {
      const role = newRole();
      const finding = aFinding({ role });
      const transition = aTransition({ finding });
      await commit(door.store, aLedger({ role }), { findings: [finding] }, [transition]);
      const forged = aTransition({
        kind: "resolved",
        note: "Nothing to see here.",
        finding: { ...finding, role: { ...role, name: role.name.toUpperCase() }, state: "resolved" },
      });
      assert.deepEqual((await door.store.findDelivery(forged))?.transition, transition);
    });

    it("knows no transition that nobody committed", async () => {
      const role = newRole();
      const finding = aFinding({ role });
      await commit(door.store, aLedger({ role }), { findings: [finding] }, [aTransition({ finding })]);
      for (const unknown of [
        { ...finding, seq: 2 },
        { ...finding, id: "another" },
        { ...finding, role: newRole() },
        { ...finding, role: { ...role, account: "210987654321" } },
      ]) {
        assert.equal(await door.store.findDelivery(aTransition({ finding: unknown })), undefined);
      }
    });

    it("waits for no sink that the owner has no more", async () => {
      const role = newRole();
      const finding = aFinding({ role });
      const transition = aTransition({ finding });
      await commit(door.store, aLedger({ role }), { findings: [finding] }, [transition]);
      await door.store.markDelivered(transition, "notify");
      const fewer = door.choose(["notify"]);
      assert.deepEqual((await collect(fewer.undelivered(secondsAfterNoon(1)))).filter(isOf(role)), []);
      assert.deepEqual(await fewer.findDelivery(transition), { transition, awaiting: [] });
      assert.deepEqual((await collect(door.store.undelivered(secondsAfterNoon(1)))).filter(isOf(role)), [
        transition,
      ]);
    });

    it("has a sink be told again, counted from then on, of a transition that is stored", async () => {
      const role = newRole();
      const finding = aFinding({ role });
      const transition = aTransition({ finding });
      await commit(door.store, aLedger({ role }), { findings: [finding] }, [transition]);
      for (const sink of sinks) await door.store.markDelivered(transition, sink);
      const later = secondsAfterNoon(40 * 86_400);
      await door.store.renew(transition, "securityhub", later);
      assert.deepEqual(await door.other.findDelivery(transition), {
        transition,
        awaiting: ["securityhub"],
        renewedAt: later,
      });
      assert.deepEqual((await collect(door.store.undelivered(later))).filter(isOf(role)), []);
      const after = secondsAfterNoon(41 * 86_400);
      assert.deepEqual((await collect(door.store.undelivered(after))).filter(isOf(role)), [transition]);
      await door.store.markDelivered(transition, "securityhub");
      assert.deepEqual((await collect(door.store.undelivered(after))).filter(isOf(role)), []);
      assert.deepEqual((await door.other.findDelivery(transition))?.renewedAt, later);
    });

    it("makes no transition by having it told again", async () => {
      const unknown = aTransition({ finding: aFinding({ role: newRole() }) });
      await door.store.renew(unknown, "securityhub", noon);
      assert.equal(await door.store.findDelivery(unknown), undefined);
      assert.deepEqual(await door.store.history(unknown.finding.role, unknown.finding.id), []);
    });

    it("gives only transitions from before the moment asked for", async () => {
      const role = newRole();
      const finding = aFinding({ role });
      await commit(door.store, aLedger({ role }), { findings: [finding] }, [aTransition({ finding })]);
      assert.deepEqual((await collect(door.store.undelivered(noon))).filter(isOf(role)), []);
    });

    it("says which item cannot be read, whatever is wrong with it", async () => {
      for (const item of [{ schema: 2, finding: aFinding() }, { schema: 1, finding: { id: 7 } }, {}]) {
        const role = newRole();
        await commit(door.store, aLedger({ role }), { findings: [aFinding({ role })] });
        await door.put(findingKeys.partition(role), findingKeys.finding("spoilt"), item);
        await assert.rejects(door.store.load(role), (error) => {
          assert.ok(error instanceof StoreUnavailableError);
          assert.match(error.message, /FINDING#spoilt/);
          assert.ok(error.message.includes(findingKeys.partition(role)));
          return true;
        });
        // Whoever reads all findings must not meet it again.
        await door.put(findingKeys.partition(role), findingKeys.finding("spoilt"), {
          schema: 1,
          finding: aFinding({ role }),
        });
      }
    });
  });
}

function newRole(): RoleKey {
  return aKey({ name: `Role-${randomUUID().slice(0, 13)}` });
}

function commit(
  store: FindingStore,
  before: Ledger,
  change: Partial<Pick<Ledger, "findings" | "rollbacks">>,
  transitions: readonly Transition[] = [],
): Promise<Ledger> {
  return store.commit({ before, after: { ...before, ...change }, transitions });
}

/** A store keeps no order among findings and among rollbacks. */
function sorted(ledger: Ledger): Ledger {
  const byId = (a: { readonly id: string }, b: { readonly id: string }) => a.id.localeCompare(b.id);
  return {
    ...ledger,
    findings: [...ledger.findings].sort(byId),
    rollbacks: [...ledger.rollbacks].sort(byId),
  };
}

function isOf(role: RoleKey): (transition: Transition) => boolean {
  return ({ finding }) => finding.role.name === role.name;
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}
