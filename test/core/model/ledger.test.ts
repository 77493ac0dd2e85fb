import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Drift } from "@drift-guard/core/model/evidence";
import type { Finding } from "@drift-guard/core/model/finding";
import { identifyFinding } from "@drift-guard/core/model/identity";
import { type Ledger, pruneLedger } from "@drift-guard/core/model/ledger";
import { reconcile } from "@drift-guard/core/reconcile/reconcile";
import fc from "fast-check";
import { aDrift, aFinding, aKey, aLedger, noon, secondsAfterNoon } from "../../builders.ts";

const daysAgo = (days: number) => secondsAfterNoon(-days * 86_400);

const ids = (each: readonly { readonly id: string }[]) => each.map(({ id }) => id);

describe("a pruned ledger", () => {
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
  const ledgers: fc.Arbitrary<Ledger> = fc
    .subarray(drifts)
    .chain((some) => fc.tuple(...some.map(finding)))
    .map((findings) => aLedger({ findings }));
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

  it("twice is the same as once", () => {
    fc.assert(
      fc.property(ledgers, (ledger) => {
        const once = pruneLedger(ledger, noon);
        assert.equal(pruneLedger(once, noon), once);
      }),
    );
  });
});
