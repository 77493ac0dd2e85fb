import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { LedgerConflictError, StoreUnavailableError } from "@drift-guard/core/errors";
import { bodyOf, type Finding } from "@drift-guard/core/model/finding";
import type { Ledger } from "@drift-guard/core/model/ledger";
import type { RoleKey } from "@drift-guard/core/model/role";
import type { Transition } from "@drift-guard/core/model/transition";
import type { FindingStore, Sink } from "@drift-guard/core/ports";
import { findingKeys } from "@drift-guard/core/store/keys";
import {
  aFinding,
  aKey,
  aLedger,
  aTransition,
  everyEvidence,
  noon,
  secondsAfterNoon,
} from "../../builders.ts";

/** A finding store under test, and what the suite needs besides the port. */
export interface FindingStoreFixture {
  readonly store: FindingStore;
  /** A second store over the same data, as in another process. */
  readonly other: FindingStore;
  /** Opens a store over the same data with other sinks. */
  withSinks(sinks: readonly Sink[]): FindingStore;
  /** Puts an item by its keys, without the store. */
  put(pk: string, sk: string, item: Readonly<Record<string, unknown>>): Promise<void>;
  close(): Promise<void>;
}

/** The sinks of a store under test. */
export const sinks: readonly Sink[] = ["notify", "securityhub"];

/** Tests an implementation of `FindingStore` against the promises of the port. */
export function describeFindingStore(name: string, open: () => Promise<FindingStoreFixture>): void {
  describe(`${name} as a finding store`, () => {
    let fixture: FindingStoreFixture;
    before(async () => {
      fixture = await open();
    });
    after(async () => {
      await fixture.close();
    });

    it("loads an empty ledger of version 0 if nothing is stored", async () => {
      const role = newRole();
      assert.deepEqual(await fixture.store.load(role), aLedger({ role }));
    });

    it("loads what was committed: every kind of evidence, every state, every status of a rollback", async () => {
      const role = newRole();
      const evidence = everyEvidence().map((one, index) =>
        aFinding({ id: `evidence-${index}`, role, evidence: one }),
      );
      const states: readonly Finding[] = [
        aFinding({ id: "open", role, cleanSince: secondsAfterNoon(60), refusal: "A Deny.", retry: true }),
        aFinding({ id: "suppressed", role, state: "suppressed", cleanSince: secondsAfterNoon(60) }),
        aFinding({ id: "resolved", role, state: "resolved", seq: 3 }),
      ];
      const committed = await commit(fixture.store, aLedger({ role }), {
        findings: [...evidence, ...states],
      });
      assert.ok(committed.version > 0);
      assert.deepEqual(sorted(await fixture.store.load(role)), sorted(committed));
      assert.deepEqual(sorted(await fixture.other.load(role)), sorted(committed));
    });

    it("raises the version with every commit, even if nothing else changes", async () => {
      const role = newRole();
      const first = await commit(fixture.store, aLedger({ role }), { findings: [aFinding({ role })] });
      const second = await commit(fixture.store, first, {});
      assert.ok(second.version > first.version);
      assert.deepEqual(await fixture.store.load(role), second);
    });

    it("removes a finding that the new ledger does not contain", async () => {
      const role = newRole();
      const findings = [aFinding({ id: "stays", role }), aFinding({ id: "goes", role })];
      const first = await commit(fixture.store, aLedger({ role }), { findings });
      await commit(fixture.store, first, { findings: findings.slice(0, 1) });
      const { findings: left } = await fixture.store.load(role);
      assert.deepEqual(
        left.map(({ id }) => id),
        ["stays"],
      );
    });

    it("keeps the ledgers of different roles and accounts apart", async () => {
      const role = newRole();
      const elsewhere = { ...role, account: "210987654321" };
      await commit(fixture.store, aLedger({ role }), { findings: [aFinding({ role })] });
      assert.deepEqual(await fixture.store.load(elsewhere), aLedger({ role: elsewhere }));
    });

    it("ignores the case of role names", async () => {
      const role = newRole();
      const committed = await commit(fixture.store, aLedger({ role }), { findings: [aFinding({ role })] });
      const shouted = { ...role, name: role.name.toUpperCase() };
      assert.deepEqual((await fixture.store.load(shouted)).findings, committed.findings);
    });

    it("refuses a commit on an outdated ledger and stores nothing", async () => {
      const role = newRole();
      const empty = aLedger({ role });
      const stored = await commit(fixture.store, empty, { findings: [aFinding({ id: "first", role })] });
      const late = aFinding({ id: "late", role });
      await assert.rejects(
        commit(fixture.other, empty, { findings: [late] }, [aTransition({ finding: late })]),
        LedgerConflictError,
      );
      assert.deepEqual(await fixture.store.load(role), stored);
      assert.deepEqual(await fixture.store.history(role, "late"), []);
      const waiting = (await collect(fixture.store.undelivered(secondsAfterNoon(1)))).filter(isOf(role));
      assert.deepEqual(waiting, []);
    });

    it("stores the whole commit of one of several concurrent writers", async () => {
      const role = newRole();
      const writers = Array.from({ length: 6 }, (_, index) => {
        const finding = aFinding({ id: `writer-${index}`, role });
        const store = index % 2 === 0 ? fixture.store : fixture.other;
        return commit(store, aLedger({ role }), { findings: [finding] }, [aTransition({ finding })]);
      });
      const results = await Promise.allSettled(writers);
      const won = results.flatMap((result) => (result.status === "fulfilled" ? result.value : []));
      const errors = results.flatMap((result) => (result.status === "rejected" ? [result.reason] : []));
      assert.equal(won.length, 1);
      assert.ok(errors.every((error) => error instanceof LedgerConflictError));
      const loaded = await fixture.store.load(role);
      assert.deepEqual(loaded, won[0]);
      for (let index = 0; index < writers.length; index += 1) {
        const history = await fixture.store.history(role, `writer-${index}`);
        assert.equal(history.length, loaded.findings[0]?.id === `writer-${index}` ? 1 : 0);
      }
    });

    it("stores more than a hundred findings in one commit", async () => {
      const role = newRole();
      const findings = Array.from({ length: 130 }, (_, index) => aFinding({ id: `many-${index}`, role }));
      const transitions = findings.map((finding) => aTransition({ finding }));
      const committed = await commit(fixture.store, aLedger({ role }), { findings }, transitions);
      const loaded = await fixture.store.load(role);
      assert.equal(loaded.findings.length, 130);
      assert.deepEqual(sorted(loaded), sorted(committed));
      assert.equal((await fixture.store.history(role, "many-129")).length, 1);
    });

    it("yields every finding of every role", async () => {
      const roles = [newRole(), newRole()];
      for (const role of roles) {
        const finding = aFinding({ role });
        await commit(fixture.store, aLedger({ role }), { findings: [finding] }, [aTransition({ finding })]);
      }
      const found = await collect(fixture.store.findings());
      for (const role of roles) {
        assert.deepEqual(
          found.filter((finding) => finding.role.name === role.name),
          [aFinding({ role })],
        );
      }
    });

    it("returns the transitions of one finding, oldest first", async () => {
      const role = newRole();
      let ledger = aLedger({ role });
      for (let seq = 1; seq <= 12; seq += 1) {
        const finding = aFinding({ id: "watched", role, seq, updatedAt: secondsAfterNoon(seq) });
        const neighbour = aFinding({ id: "neighbour", role, seq, updatedAt: secondsAfterNoon(seq) });
        ledger = await commit(fixture.store, ledger, { findings: [finding, neighbour] }, [
          aTransition({ finding, kind: seq === 1 ? "opened" : "worsened" }),
          aTransition({ finding: neighbour }),
        ]);
      }
      const history = await fixture.store.history(role, "watched");
      assert.deepEqual(
        history.map(({ id }) => id),
        Array.from({ length: 12 }, (_, index) => `watched#${index + 1}`),
      );
    });

    it("yields a transition until every sink has marked it, also if one marks it twice", async () => {
      const role = newRole();
      const finding = aFinding({ role });
      const transition = aTransition({ finding });
      await commit(fixture.store, aLedger({ role }), { findings: [finding] }, [transition]);
      const waiting = async () =>
        (await collect(fixture.store.undelivered(secondsAfterNoon(1)))).filter(isOf(role));
      assert.deepEqual(await waiting(), [transition]);
      await fixture.store.markDelivered(transition, "notify");
      await fixture.store.markDelivered(transition, "notify");
      assert.deepEqual(await waiting(), [transition]);
      await fixture.other.markDelivered(transition, "securityhub");
      assert.deepEqual(await waiting(), []);
      assert.deepEqual(await fixture.store.history(role, finding.id), [transition]);
    });

    it("returns the sinks that have not marked a transition", async () => {
      const role = newRole();
      const finding = aFinding({ role });
      const transition = aTransition({ finding });
      await commit(fixture.store, aLedger({ role }), { findings: [finding] }, [transition]);
      const waiting = async () => (await fixture.other.findDelivery(transition))?.awaiting;
      assert.deepEqual([...((await waiting()) ?? [])].sort(), ["notify", "securityhub"]);
      await fixture.store.markDelivered(transition, "notify");
      assert.deepEqual(await waiting(), ["securityhub"]);
      await fixture.store.markDelivered(transition, "securityhub");
      assert.deepEqual(await waiting(), []);
    });

    it("returns a transition as it was committed, whatever the argument contains", async () => {
      const role = newRole();
      const finding = aFinding({ role });
      const transition = aTransition({ finding });
      await commit(fixture.store, aLedger({ role }), { findings: [finding] }, [transition]);
      const forged = aTransition({
        kind: "resolved",
        note: "Nothing to see here.",
        finding: {
          ...bodyOf(finding),
          role: { ...role, name: role.name.toUpperCase() },
          state: "resolved",
        },
      });
      assert.deepEqual((await fixture.store.findDelivery(forged))?.transition, transition);
    });

    it("finds no transition that was not committed", async () => {
      const role = newRole();
      const finding = aFinding({ role });
      await commit(fixture.store, aLedger({ role }), { findings: [finding] }, [aTransition({ finding })]);
      for (const unknown of [
        { ...finding, seq: 2 },
        { ...finding, id: "another" },
        { ...finding, role: newRole() },
        { ...finding, role: { ...role, account: "210987654321" } },
      ]) {
        assert.equal(await fixture.store.findDelivery(aTransition({ finding: unknown })), undefined);
      }
    });

    it("does not wait for a sink that is no longer configured", async () => {
      const role = newRole();
      const finding = aFinding({ role });
      const transition = aTransition({ finding });
      await commit(fixture.store, aLedger({ role }), { findings: [finding] }, [transition]);
      await fixture.store.markDelivered(transition, "notify");
      const fewer = fixture.withSinks(["notify"]);
      assert.deepEqual((await collect(fewer.undelivered(secondsAfterNoon(1)))).filter(isOf(role)), []);
      assert.deepEqual(await fewer.findDelivery(transition), { transition, awaiting: [] });
      assert.deepEqual((await collect(fixture.store.undelivered(secondsAfterNoon(1)))).filter(isOf(role)), [
        transition,
      ]);
    });

    it("makes a stored transition due again for a sink, counted from the renewal", async () => {
      const role = newRole();
      const finding = aFinding({ role });
      const transition = aTransition({ finding });
      await commit(fixture.store, aLedger({ role }), { findings: [finding] }, [transition]);
      for (const sink of sinks) await fixture.store.markDelivered(transition, sink);
      const later = secondsAfterNoon(40 * 86_400);
      await fixture.store.renew(transition, "securityhub", later);
      assert.deepEqual(await fixture.other.findDelivery(transition), {
        transition,
        awaiting: ["securityhub"],
        renewedAt: later,
      });
      assert.deepEqual((await collect(fixture.store.undelivered(later))).filter(isOf(role)), []);
      const after = secondsAfterNoon(41 * 86_400);
      assert.deepEqual((await collect(fixture.store.undelivered(after))).filter(isOf(role)), [transition]);
      await fixture.store.markDelivered(transition, "securityhub");
      assert.deepEqual((await collect(fixture.store.undelivered(after))).filter(isOf(role)), []);
      assert.deepEqual((await fixture.other.findDelivery(transition))?.renewedAt, later);
    });

    it("creates no transition by renewing one that is not stored", async () => {
      const unknown = aTransition({ finding: aFinding({ role: newRole() }) });
      await fixture.store.renew(unknown, "securityhub", noon);
      assert.equal(await fixture.store.findDelivery(unknown), undefined);
      assert.deepEqual(await fixture.store.history(unknown.finding.role, unknown.finding.id), []);
    });

    it("yields only transitions from before the given moment", async () => {
      const role = newRole();
      const finding = aFinding({ role });
      await commit(fixture.store, aLedger({ role }), { findings: [finding] }, [aTransition({ finding })]);
      assert.deepEqual((await collect(fixture.store.undelivered(noon))).filter(isOf(role)), []);
    });

    it("names the item that cannot be read", async () => {
      for (const item of [{ schema: 2, finding: aFinding() }, { schema: 1, finding: { id: 7 } }, {}]) {
        const role = newRole();
        await commit(fixture.store, aLedger({ role }), { findings: [aFinding({ role })] });
        await fixture.put(findingKeys.partition(role), findingKeys.finding("invalid"), item);
        await assert.rejects(fixture.store.load(role), (error) => {
          assert.ok(error instanceof StoreUnavailableError);
          assert.match(error.message, /FINDING#invalid/);
          assert.doesNotMatch(error.message, /✖|→/);
          assert.ok(error.message.includes(findingKeys.partition(role)));
          return true;
        });
        // Replaced, so that later reads of all findings do not fail.
        await fixture.put(findingKeys.partition(role), findingKeys.finding("invalid"), {
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
  change: Partial<Pick<Ledger, "findings">>,
  transitions: readonly Transition[] = [],
): Promise<Ledger> {
  return store.commit({ before, after: { ...before, ...change }, transitions });
}

/** Sorts a ledger's findings, of which stores keep no order. */
function sorted(ledger: Ledger): Ledger {
  const byId = (a: { readonly id: string }, b: { readonly id: string }) => a.id.localeCompare(b.id);
  return {
    ...ledger,
    findings: [...ledger.findings].sort(byId),
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
