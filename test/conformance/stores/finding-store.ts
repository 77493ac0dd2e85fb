import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { LedgerConflictError } from "@drift-guard/core/errors";
import { bodyOf, type Finding } from "@drift-guard/core/model/finding";
import type { Ledger } from "@drift-guard/core/model/ledger";
import type { RoleKey } from "@drift-guard/core/model/role";
import type { Transition } from "@drift-guard/core/model/transition";
import type { FindingStore, Sink } from "@drift-guard/core/ports";
import type { FindingFilter } from "@drift-guard/core/store/finding-filter";
import { findingKeys } from "@drift-guard/core/store/keys";
import {
  aFinding,
  aKey,
  aLedger,
  allReadable,
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
  /** Removes an item by its keys, without the store. */
  remove(pk: string, sk: string): Promise<void>;
  /** Returns the items of a partition as JSON, by their sort keys. */
  items(pk: string): Promise<ReadonlyMap<string, Readonly<Record<string, unknown>>>>;
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
      const waiting = (await collect(fixture.store.undelivered(secondsAfterNoon(1), allReadable))).filter(
        isOf(role),
      );
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

    it("lists the findings of every role, open ones first, the worst and latest first", async () => {
      const roles = [newRole(), newRole()];
      const [first, second] = roles;
      assert.ok(first && second);
      const late = secondsAfterNoon(60);
      const inFirst = [
        aFinding({ id: "low", role: first, severity: "LOW", updatedAt: late }),
        aFinding({ id: "old", role: first, severity: "CRITICAL" }),
        aFinding({ id: "done", role: first, severity: "CRITICAL", state: "resolved" }),
      ];
      const inSecond = [
        aFinding({ id: "new", role: second, severity: "CRITICAL", updatedAt: late }),
        aFinding({ id: "quiet", role: second, severity: "CRITICAL", state: "suppressed" }),
      ];
      await commit(fixture.store, aLedger({ role: first }), { findings: inFirst });
      await commit(fixture.store, aLedger({ role: second }), { findings: inSecond });
      const list = async (filter?: FindingFilter) =>
        (await collect(fixture.other.listFindings(filter)))
          .filter(({ role }) => roles.some(({ name }) => name === role.name))
          .map(({ id }) => id);
      assert.deepEqual(await list(), ["new", "old", "low", "quiet", "done"]);
      assert.deepEqual(await list({ state: "open" }), ["new", "old", "low"]);
      assert.deepEqual(await list({ state: "open", severity: "CRITICAL" }), ["new", "old"]);
      assert.deepEqual(await list({ severity: "CRITICAL" }), ["new", "old", "quiet", "done"]);
      assert.deepEqual(await list({ since: late }), ["new", "low"]);
      assert.deepEqual(await list({ role: first }), ["old", "low", "done"]);
      assert.deepEqual(await list({ role: first, state: "open", since: late }), ["low"]);
    });

    it("lists a finding under its present state and severity alone", async () => {
      const role = newRole();
      const finding = aFinding({ role, severity: "HIGH" });
      const stored = await commit(fixture.store, aLedger({ role }), { findings: [finding] });
      const resolved: Finding = { ...bodyOf(finding), state: "resolved", severity: "LOW" };
      await commit(fixture.store, stored, { findings: [resolved] });
      const listed = (await collect(fixture.store.listFindings())).filter(
        (one) => one.role.name === role.name,
      );
      assert.deepEqual(listed, [resolved]);
    });

    it("lists the transitions of a day, the oldest first", async () => {
      const role = newRole();
      const moments = [86_399, 0, -1, 60].map((seconds) => secondsAfterNoon(seconds - 12 * 3600));
      const transitions = moments.map((updatedAt, index) =>
        aTransition({ finding: aFinding({ id: `at-${index}`, role, updatedAt }), at: updatedAt }),
      );
      const findings = transitions.map(({ finding }) => finding);
      await commit(fixture.store, aLedger({ role }), { findings }, transitions);
      const listed = await collect(fixture.other.listTransitions(noon.slice(0, 10)));
      assert.deepEqual(
        listed.filter(isOf(role)).map(({ id }) => id),
        ["at-1#1", "at-3#1", "at-0#1"],
      );
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
        (await collect(fixture.store.undelivered(secondsAfterNoon(1), allReadable))).filter(isOf(role));
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

    it("returns what people were told with a transition", async () => {
      const role = newRole();
      const finding = aFinding({ role });
      const transition = aTransition({ finding });
      await commit(fixture.store, aLedger({ role }), { findings: [finding] }, [transition]);
      assert.equal((await fixture.store.findDelivery(transition))?.told, undefined);
      await fixture.store.markDelivered(transition, "notify", "d");
      await fixture.store.markDelivered(transition, "notify");
      const { told, awaiting } = (await fixture.other.findDelivery(transition)) ?? {};
      assert.deepEqual([told, awaiting], ["d", ["securityhub"]]);
      assert.deepEqual(await fixture.store.history(role, finding.id), [transition]);
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
      assert.deepEqual(
        (await collect(fewer.undelivered(secondsAfterNoon(1), allReadable))).filter(isOf(role)),
        [],
      );
      assert.deepEqual(await fewer.findDelivery(transition), { transition, awaiting: [] });
      assert.deepEqual(
        (await collect(fixture.store.undelivered(secondsAfterNoon(1), allReadable))).filter(isOf(role)),
        [transition],
      );
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
      assert.deepEqual((await collect(fixture.store.undelivered(later, allReadable))).filter(isOf(role)), []);
      const after = secondsAfterNoon(41 * 86_400);
      assert.deepEqual((await collect(fixture.store.undelivered(after, allReadable))).filter(isOf(role)), [
        transition,
      ]);
      await fixture.store.markDelivered(transition, "securityhub");
      assert.deepEqual((await collect(fixture.store.undelivered(after, allReadable))).filter(isOf(role)), []);
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
      assert.deepEqual((await collect(fixture.store.undelivered(noon, allReadable))).filter(isOf(role)), []);
    });

    describe("of which somebody else wrote items", () => {
      /** Stores two findings, each with a transition, and returns the partition and what is stored. */
      async function twoFindings() {
        const role = newRole();
        const findings = ["one", "two"].map((id) => aFinding({ id, role, seq: 3 }));
        const transitions = findings.map((finding) => aTransition({ finding }));
        const stored = await commit(fixture.store, aLedger({ role }), { findings }, transitions);
        const pk = findingKeys.partition(role);
        const items = await fixture.items(pk);
        const item = (sk: string) => items.get(sk) ?? assert.fail(`${sk} is not stored`);
        return { role, pk, stored, item };
      }

      it("restores a finding that was edited from its last transition, and says so until the next commit", async () => {
        const { pk, role, stored, item } = await twoFindings();
        const key = findingKeys.finding("one");
        const { finding } = item(key);
        assert.ok(typeof finding === "object");
        for (const change of [
          { finding: { ...finding, severity: "LOW" } },
          { finding: { ...finding, state: "resolved" } },
          { finding: { id: 7 } },
          { finding: undefined },
          { schema: 99 },
        ]) {
          await fixture.put(pk, key, { ...item(key), ...change });
          const loaded = await fixture.other.load(role);
          assert.deepEqual(sorted(loaded), { ...sorted(stored), forged: [key] });
        }
        const repaired = await commit(fixture.other, await fixture.store.load(role), {});
        assert.deepEqual(sorted(await fixture.store.load(role)), sorted(repaired));
        assert.equal(repaired.forged, undefined);
      });

      it("restores a finding that was removed, and does not use the numbers of lost transitions again", async () => {
        const { pk, role, stored } = await twoFindings();
        await fixture.remove(pk, findingKeys.finding("two"));
        const loaded = await fixture.store.load(role);
        assert.deepEqual(sorted(loaded), { ...sorted(stored), forged: [findingKeys.finding("two")] });
        await fixture.remove(pk, findingKeys.transition("two", 3));
        const left = await fixture.store.load(role);
        assert.deepEqual(
          left.findings.map(({ id }) => id),
          ["one"],
        );
        assert.deepEqual([...(left.usedNumbers ?? [])], [["two", 3]]);
      });

      it("leaves out a finding that was added, and removes it with the next commit", async () => {
        const { pk, role, stored } = await twoFindings();
        const added = [findingKeys.finding("three"), "GARBAGE"];
        const finding = JSON.parse(JSON.stringify(aFinding({ id: "three", role })));
        for (const sk of added) await fixture.put(pk, sk, { schema: 2, version: 1, finding });
        const loaded = await fixture.store.load(role);
        assert.deepEqual([...(loaded.forged ?? [])].sort(), added.sort());
        assert.deepEqual(sorted({ ...loaded, forged: [] }), { ...sorted(stored), forged: [] });
        const repaired = await commit(fixture.store, loaded, {});
        assert.deepEqual(sorted(await fixture.store.load(role)), sorted(repaired));
        const left = await fixture.items(pk);
        assert.deepEqual(
          added.filter((sk) => left.has(sk)),
          [],
        );
      });

      it("uses no finding of a ledger whose own item is gone or cannot be read, and can still be written", async () => {
        const broken = [
          undefined,
          {},
          { schema: 2, version: "9", role: "x", index: {} },
          { schema: 2, version: 0.5, role: { account: "1", name: "x" }, index: {} },
          { schema: 1, version: 1, role: { account: "123456789012", name: "x" } },
          "latest",
          "next to the latest",
        ] as const;
        for (const item of broken) {
          const { pk, role, stored, item: itemOf } = await twoFindings();
          if (item === undefined) await fixture.remove(pk, findingKeys.ledger());
          else if (typeof item === "string") {
            const version = Number.MAX_SAFE_INTEGER - (item === "latest" ? 0 : 1);
            await fixture.put(pk, findingKeys.ledger(), { ...itemOf(findingKeys.ledger()), version });
          } else await fixture.put(pk, findingKeys.ledger(), item);
          const loaded = await fixture.store.load(role);
          assert.ok(loaded.forged?.includes(findingKeys.ledger()));
          assert.deepEqual(sorted(loaded).findings, sorted(stored).findings);
          const repaired = await commit(fixture.store, loaded, {});
          assert.deepEqual(sorted(await fixture.other.load(role)), sorted(repaired));
          await assert.rejects(commit(fixture.other, loaded, {}), LedgerConflictError);
        }
      });

      it("uses no finding and no transition whose number nobody can have reached", async () => {
        const { pk, role, stored, item } = await twoFindings();
        const seq = Number.MAX_SAFE_INTEGER;
        const transition = aTransition({ finding: aFinding({ id: "one", role, seq }) });
        await fixture.put(pk, findingKeys.transition("one", seq), {
          ...item(findingKeys.transition("one", 3)),
          transition: JSON.parse(JSON.stringify(transition)),
        });
        await fixture.remove(pk, findingKeys.finding("one"));
        const loaded = await fixture.store.load(role);
        assert.deepEqual(
          loaded.findings.map(({ id }) => id),
          ["two"],
        );
        assert.deepEqual([...(loaded.usedNumbers ?? [])], [["one", 3]]);
        assert.equal(stored.findings.length, 2);
      });

      it("finds no delivery of a transition that cannot be read, and those of others", async () => {
        const { pk, role, item } = await twoFindings();
        const key = findingKeys.transition("one", 3);
        await fixture.put(pk, key, { ...item(key), transition: { id: "forged" } });
        const find = (id: string, seq: number) =>
          fixture.store.findDelivery(aTransition({ finding: aFinding({ id, role, seq }) }));
        assert.equal(await find("one", 3), undefined);
        assert.equal((await find("two", 3))?.transition.finding.id, "two");
      });

      it("lists no finding at the key of another role, account or finding", async () => {
        const { pk, role, item } = await twoFindings();
        const [key, copied] = [findingKeys.finding("one"), item(findingKeys.finding("one"))];
        await fixture.put(findingKeys.partition({ ...role, account: "999988887777" }), key, copied);
        await fixture.put(findingKeys.partition(newRole()), key, copied);
        await fixture.put(pk, findingKeys.finding("three"), copied);
        const listed = (await collect(fixture.store.listFindings())).filter(
          (finding) => finding.role.name === role.name,
        );
        assert.deepEqual(listed.map(({ id }) => id).sort(), ["one", "two"]);
      });

      it("does not accept the schema of an older version beside its own", async () => {
        const { pk, role, item } = await twoFindings();
        await fixture.put(pk, findingKeys.ledger(), { ...item(findingKeys.ledger()), schema: 1 });
        assert.ok((await fixture.store.load(role)).forged?.includes(findingKeys.ledger()));
      });

      it("names the number after which transitions may be stored, if theirs are taken", async () => {
        const { pk, role } = await twoFindings();
        for (const sk of [findingKeys.ledger(), findingKeys.finding("one"), findingKeys.finding("two")]) {
          await fixture.remove(pk, sk);
        }
        const finding = aFinding({ id: "one", role, seq: 3 });
        await assert.rejects(
          commit(fixture.store, aLedger({ role }), { findings: [finding] }, [aTransition({ finding })]),
          (error) => {
            assert.ok(error instanceof LedgerConflictError);
            assert.deepEqual([...error.usedNumbers], [["one", 3]]);
            return true;
          },
        );
      });

      it("restores what the transitions still have, if all items of a ledger were removed", async () => {
        const { pk, role, stored } = await twoFindings();
        for (const sk of [findingKeys.ledger(), findingKeys.finding("one"), findingKeys.finding("two")]) {
          await fixture.remove(pk, sk);
        }
        const loaded = await fixture.store.load(role);
        assert.deepEqual(sorted(loaded).findings, sorted(stored).findings);
        assert.ok(loaded.forged?.includes(findingKeys.ledger()));
        const repaired = await commit(fixture.store, loaded, {});
        assert.deepEqual(sorted(await fixture.other.load(role)), sorted(repaired));
      });
    });

    it("reads the items of an older version, and its next commit writes all of them anew", async () => {
      const role = newRole();
      const pk = findingKeys.partition(role);
      const finding = aFinding({ role });
      const plain = JSON.parse(JSON.stringify(finding));
      await fixture.put(pk, findingKeys.ledger(), { schema: 1, role, version: 4 });
      await fixture.put(pk, findingKeys.finding(finding.id), { schema: 1, finding: plain });
      const loaded = await fixture.store.load(role);
      assert.deepEqual(loaded, { role, version: 4, findings: [finding], outdated: true });
      const stored = await commit(fixture.store, loaded, {});
      assert.deepEqual(await fixture.other.load(role), {
        role,
        version: stored.version,
        findings: [finding],
      });
      for (const item of (await fixture.items(pk)).values()) assert.equal(item.schema, 2);
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
