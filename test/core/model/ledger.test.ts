import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Drift } from "@drift-guard/core/model/evidence";
import type { Finding } from "@drift-guard/core/model/finding";
import { identifyFinding } from "@drift-guard/core/model/identity";
import { type Ledger, pruneLedger } from "@drift-guard/core/model/ledger";
import type { Rollback } from "@drift-guard/core/model/rollback";
import { reconcile } from "@drift-guard/core/reconcile/reconcile";
import { authorise } from "@drift-guard/core/rollback/authorise";
import fc from "fast-check";
import { aDrift, aFinding, aKey, aLedger, aPlan, aRollback, noon, secondsAfterNoon } from "../../builders.ts";
import { asReferenced, guardedAs, referenceOf } from "../watched-roles.ts";

const daysAgo = (days: number) => secondsAfterNoon(-days * 86_400);

function ended(id: string, days: number, status: Rollback["status"] = "done"): Rollback {
  const rollback = { ...aRollback(status, id), startedAt: daysAgo(days) };
  return rollback.status === "running" ? rollback : { ...rollback, endedAt: daysAgo(days) };
}

const many = (count: number, days: number) =>
  Array.from({ length: count }, (_, index) => ended(`r${index}`, days + index));
const ids = (each: readonly { readonly id: string }[]) => each.map(({ id }) => id);

describe("a pruned ledger", () => {
  it("keeps the newest twenty rollbacks, whatever their age and order", () => {
    const { rollbacks } = pruneLedger(aLedger({ rollbacks: many(25, 100).reverse() }), noon);
    assert.deepEqual(ids(rollbacks).sort(), ids(many(20, 100)).sort());
  });

  it("keeps every rollback of the last thirty days, and every running one", () => {
    const rollbacks = [...many(25, 1), ended("running", 300, "running")];
    const ledger = aLedger({ rollbacks });
    assert.equal(pruneLedger(ledger, noon), ledger);
  });

  it("drops old rollbacks, failed or done", () => {
    const ledger = aLedger({ rollbacks: [...many(20, 1), ended("failed", 31, "failed"), ended("done", 31)] });
    assert.deepEqual(ids(pruneLedger(ledger, noon).rollbacks), ids(many(20, 1)));
  });

  it("drops a resolved finding once none of its transitions is stored", () => {
    const resolved = (id: string, days: number) =>
      aFinding({ id, state: "resolved", updatedAt: daysAgo(days) });
    const findings = [resolved("told", 400), resolved("forgotten", 431)];
    assert.deepEqual(ids(pruneLedger(aLedger({ findings }), noon).findings), ["told"]);
  });

  it("keeps open and suppressed findings, whatever their age", () => {
    const findings = (["open", "suppressed"] as const).map((state) =>
      aFinding({ id: state, state, updatedAt: daysAgo(2000) }),
    );
    const ledger = aLedger({ findings });
    assert.equal(pruneLedger(ledger, noon), ledger);
  });
});

describe("pruning", () => {
  const drifts = Array.from({ length: 6 }, (_, index): Drift => aDrift({ part: `inline:policy-${index}` }));
  const idOf = (drift: Drift) => identifyFinding(aKey(), drift);
  const days = fc.integer({ min: 0, max: 900 });
  const finding = (drift: Drift): fc.Arbitrary<Finding> =>
    fc
      .record({ state: fc.constantFrom("open", "suppressed", "resolved"), days, clean: fc.boolean() })
      .map(({ state, days: age, clean }) =>
        aFinding({
          id: idOf(drift),
          evidence: drift,
          state,
          updatedAt: daysAgo(age),
          ...(clean && state !== "resolved" && { cleanSince: daysAgo(age) }),
        }),
      );
  const rollback = fc
    .record({
      days: fc.oneof(days, fc.integer({ min: 0, max: 40 })),
      status: fc.constantFrom("running", "done", "failed"),
      findings: fc.subarray(drifts.map(idOf), { minLength: 1 }),
    })
    .map(({ days: age, status, findings }) => ({ ...ended("r", age, status), plan: aPlan({ findings }) }));
  const ledgers: fc.Arbitrary<Ledger> = fc
    .record({
      findings: fc.subarray(drifts).chain((some) => fc.tuple(...some.map(finding))),
      rollbacks: fc.array(rollback, { maxLength: 40 }),
    })
    .map(({ findings, rollbacks }) =>
      aLedger({ findings, rollbacks: rollbacks.map((each, index) => ({ ...each, id: `r${index}` })) }),
    );
  const isLive = ({ state }: Finding) => state !== "resolved";

  it("does not change how a later read affects open and suppressed findings", () => {
    fc.assert(
      fc.property(ledgers, fc.subarray(drifts), (ledger, evidence) => {
        const live = new Set(ids(ledger.findings.filter(isLive)));
        const look = (at: Ledger) => {
          const {
            ledger: after,
            transitions,
            recheck,
          } = reconcile({
            ledger: at,
            evidence,
            exceptions: [],
            cause: { kind: "sweep" },
            now: noon,
            settleSeconds: 60,
          });
          return {
            findings: after.findings.filter(({ id }) => live.has(id)),
            transitions: transitions.filter((transition) => live.has(transition.finding.id)),
            recheck,
          };
        };
        assert.deepEqual(look(pruneLedger(ledger, noon)), look(ledger));
      }),
    );
  });

  it("does not change whether a rollback is allowed, in windows of up to thirty days", () => {
    const windows = fc.integer({ min: 1, max: 720 });
    fc.assert(
      fc.property(ledgers, windows, fc.subarray(drifts.map(idOf)), (ledger, windowHours, findings) => {
        const ask = (at: Ledger) =>
          authorise({
            plan: aPlan({ findings }),
            role: asReferenced("AWSBatchServiceRole"),
            reference: referenceOf("AWSBatchServiceRole"),
            guarded: guardedAs({}),
            ledger: at,
            control: { exceptions: [], approvals: [] },
            now: noon,
            windowHours,
          });
        assert.deepEqual(ask(pruneLedger(ledger, noon)), ask(ledger));
      }),
    );
  });

  it("twice is the same as once", () => {
    fc.assert(
      fc.property(ledgers, (ledger) => {
        const once = pruneLedger(ledger, noon);
        assert.equal(pruneLedger(once, noon), once);
      }),
    );
  });
});
