import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Evidence } from "@drift-guard/core/model/evidence";
import type { Exception } from "@drift-guard/core/model/exception";
import { digestEvidence, identifyFinding } from "@drift-guard/core/model/identity";
import { addSeconds, type Instant } from "@drift-guard/core/model/instant";
import type { Ledger } from "@drift-guard/core/model/ledger";
import { noException, type Transition } from "@drift-guard/core/model/transition";
import { reconcile } from "@drift-guard/core/reconcile/reconcile";
import fc from "fast-check";
import { aDrift, aGrant, aLedger, anImpersonation, noon } from "../../builders.ts";

const day = 86_400;
const inDays = (days: number) => addSeconds(noon, days * day);
const [read, write] = ["ecs:DescribeClusters", "ecs:RunTask"].map((action) => aGrant({ actions: [action] }));
assert.ok(read && write);
const whole = aDrift({ side: "excess", grants: [read, write] });
const owner = "arn:aws:iam::123456789012:user/ana";

function accept(evidence: Evidence, days: number, over: Partial<Exception> = {}): Exception {
  return {
    findingId: identifyFinding(aLedger().role, evidence),
    digest: digestEvidence(evidence),
    owner,
    reason: "Pilot",
    at: noon,
    expires: inDays(days),
    ...over,
  };
}

/** Reads the same evidence on some days, each with the exceptions of that day. Returns what people are told of. */
function readOn(
  days: readonly number[],
  exceptions: (day: number) => readonly Exception[],
  {
    evidence = [whole],
    cause = "sweep",
  }: { evidence?: readonly Evidence[]; cause?: "sweep" | "recheck" } = {},
): readonly (readonly [day: number, transition: Transition])[] {
  let ledger: Ledger = aLedger();
  const told: (readonly [number, Transition])[] = [];
  for (const each of days) {
    const now: Instant = inDays(each);
    const after = reconcile({
      ledger,
      evidence,
      exceptions: exceptions(each),
      cause: { kind: cause },
      now,
      settleSeconds: 60,
    });
    ledger = after.ledger;
    for (const transition of after.transitions) told.push([each, transition]);
  }
  return told;
}

const kindsOf = (told: ReturnType<typeof readOn>) => told.map(([when, { kind }]) => [when, kind]);
const everyDay = Array.from({ length: 33 }, (_, index) => index);

describe("the end of an exception", () => {
  it("is told 7 days and 1 day before, once each, and the finding opens again with the exception's name", () => {
    const twice = everyDay.flatMap((each) => [each, each]);
    const told = readOn(twice, () => [accept(whole, 30)]);
    assert.deepEqual(kindsOf(told), [
      [0, "suppressed"],
      [23, "expiring"],
      [29, "expiring"],
      [30, "reopened"],
    ]);
    const [, week, , end] = told.map(([, transition]) => transition);
    const exception = { owner, reason: "Pilot", expires: inDays(30) };
    assert.deepEqual(week?.exception, exception);
    assert.deepEqual(week?.finding.state, "suppressed");
    assert.deepEqual(end?.exception, exception);
  });

  it("is told of an exception of the configuration", () => {
    const { at: _, ...given } = accept(whole, 30, { configured: true });
    const told = readOn(everyDay, () => [given]);
    assert.deepEqual(kindsOf(told), [
      [0, "suppressed"],
      [23, "expiring"],
      [29, "expiring"],
      [30, "reopened"],
    ]);
    assert.equal(told[1]?.[1].exception?.configured, true);
  });

  it("is told one day before where the exception was given for less than a week", () => {
    assert.deepEqual(kindsOf(readOn(everyDay, () => [accept(whole, 3)])), [
      [0, "suppressed"],
      [2, "expiring"],
      [3, "reopened"],
    ]);
    assert.deepEqual(kindsOf(readOn(everyDay, () => [accept(whole, 1)])), [
      [0, "suppressed"],
      [1, "reopened"],
    ]);
  });

  it("is not told of an exception that was renewed in time, and is told of the new end", () => {
    const renewed = (each: number) => [each < 25 ? accept(whole, 30) : accept(whole, 60, { at: inDays(25) })];
    const days = Array.from({ length: 62 }, (_, index) => index);
    assert.deepEqual(kindsOf(readOn(days, renewed)), [
      [0, "suppressed"],
      [23, "expiring"],
      [53, "expiring"],
      [59, "expiring"],
      [60, "reopened"],
    ]);
  });

  it("is not told while another exception covers the same for longer", () => {
    const { at: _, ...configured } = accept(whole, 60, { configured: true });
    assert.deepEqual(kindsOf(readOn(everyDay, () => [accept(whole, 30), configured])), [[0, "suppressed"]]);
  });

  it("is told of an open finding of which it covers a part, and of that part alone", () => {
    const part = accept(whole, 30, { digest: "other", grants: [read] });
    const told = readOn(everyDay, () => [part]);
    assert.deepEqual(kindsOf(told), [
      [0, "opened"],
      [23, "expiring"],
      [29, "expiring"],
      [30, "worsened"],
    ]);
    const end = told.at(-1)?.[1];
    assert.equal(end?.exception?.owner, owner);
    assert.deepEqual(end?.finding.evidence, whole);
  });

  it("is told by sweeps alone", () => {
    assert.deepEqual(kindsOf(readOn(everyDay, () => [accept(whole, 30)], { cause: "recheck" })), [
      [0, "suppressed"],
      [30, "reopened"],
    ]);
  });

  it("opens a foreign call with the guard's credentials again, which no read shows", () => {
    const foreign = anImpersonation();
    let ledger = reconcile({
      ledger: aLedger(),
      evidence: [foreign],
      exceptions: [accept(foreign, 30)],
      cause: { kind: "recheck" },
      now: noon,
      settleSeconds: 60,
    }).ledger;
    const told = everyDay.flatMap((each) => {
      const after = reconcile({
        ledger,
        evidence: [],
        exceptions: [accept(foreign, 30)],
        cause: { kind: "sweep" },
        now: inDays(each),
        settleSeconds: 60,
      });
      ledger = after.ledger;
      return after.transitions.map(({ kind, exception }) => [each, kind, exception?.owner]);
    });
    assert.deepEqual(told, [
      [23, "expiring", owner],
      [29, "expiring", owner],
      [30, "reopened", owner],
    ]);
  });

  it("is not named where the exception still holds and the drift exceeds it", () => {
    const part = accept(whole, 30, { digest: "other", grants: [read] });
    const ended = accept(whole, -10, { at: inDays(-20), grants: [read, write], configured: true });
    const told = readOn([0, 1], (each) => (each === 0 ? [accept(whole, 30)] : [part, ended]));
    assert.deepEqual(
      told.map(([, { kind, exception }]) => [kind, exception]),
      [
        ["suppressed", undefined],
        ["reopened", undefined],
      ],
    );
  });

  it("is not claimed of an exception that counts no longer, or is gone", () => {
    const told = readOn([0, 1], (each) => (each === 0 ? [accept(whole, 30)] : []));
    const last = told.at(-1)?.[1];
    assert.deepEqual([last?.kind, last?.exception, last?.note], ["reopened", undefined, noException]);
  });

  it("is told at most twice for each end, whenever sweeps run", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 40, noNaN: true }), { maxLength: 40 }),
        fc.double({ min: 0.1, max: 40, noNaN: true }),
        fc.double({ min: 0.1, max: 40, noNaN: true }),
        (times, first, second) => {
          const days = times.toSorted((a, b) => a - b);
          const renewal = (days[Math.floor(days.length / 2)] ?? 0) + 0.001;
          const given = (each: number) =>
            each < renewal ? accept(whole, first) : accept(whole, renewal + second, { at: inDays(renewal) });
          const warnings = readOn(days, (each) => [given(each)]).filter(
            ([, { kind }]) => kind === "expiring",
          );
          const ends = Map.groupBy(warnings, ([, { exception }]) => exception?.expires ?? "");
          for (const [end, some] of ends) {
            assert.ok(some.length <= 2, `${some.length} warnings of ${end}`);
            for (const [when, { exception }] of some) assert.equal(exception?.expires, given(when).expires);
          }
        },
      ),
    );
  });
});
