import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Finding } from "@drift-guard/core/model/finding";
import { rememberReadings } from "@drift-guard/guard/inspect/recent-readings";
import { aFinding, aKey, aLedger, secondsAfterNoon } from "../../builders.ts";

const began = secondsAfterNoon(10);
const reading = { status: "absent", account: aKey().account, name: aKey().name } as const;
const ledgerOf = (version: number, ...findings: readonly Finding[]) => aLedger({ version, findings });

/** What is found of a reading that began at ten seconds and led to version 3, by a message that waits since `from`. */
function find({ from = 5, now = 30, ledger = ledgerOf(3, aFinding()) } = {}) {
  const readings = rememberReadings();
  readings.keep(ledgerOf(3), { reading, began });
  return readings.find(ledger, { from: secondsAfterNoon(from), now: secondsAfterNoon(now) });
}

describe("a recent reading", () => {
  it("serves a message that waited when it began, for a minute", () => {
    assert.deepEqual(find()?.reading, reading);
    assert.deepEqual(find({ from: 10, now: 70 })?.reading, reading);
  });

  it("does not serve a message that came later, nor after a minute, nor by a clock that went back", () => {
    assert.equal(find({ from: 11 }), undefined);
    assert.equal(find({ now: 71 }), undefined);
    assert.equal(find({ now: 9 }), undefined);
  });

  it("does not serve once somebody else judged the role, or its ledger must be repaired", () => {
    assert.equal(find({ ledger: ledgerOf(4) }), undefined);
    assert.equal(find({ ledger: { ...ledgerOf(3), forged: ["FINDING#x"] } }), undefined);
    assert.equal(find({ ledger: aLedger({ version: 3, role: aKey({ name: "another" }) }) }), undefined);
  });

  it("does not serve where another read resolves a finding, or says whether its rollback lasts", () => {
    assert.equal(find({ ledger: ledgerOf(3, aFinding({ cleanSince: secondsAfterNoon(20) })) }), undefined);
    const rollback = { id: "a", endedAt: secondsAfterNoon(12), undone: true } as const;
    assert.equal(find({ ledger: ledgerOf(3, aFinding({ rollback })) }), undefined);
    assert.ok(find({ ledger: ledgerOf(3, aFinding({ rollback: { ...rollback, returned: true } })) }));
  });

  it("is kept of the last roles only", () => {
    const readings = rememberReadings();
    const roles = Array.from({ length: 60 }, (_, index) =>
      aLedger({ role: aKey({ name: `role-${index}` }) }),
    );
    for (const ledger of roles) readings.keep(ledger, { reading, began });
    const moment = { from: secondsAfterNoon(5), now: secondsAfterNoon(30) };
    assert.equal(roles.filter((ledger) => readings.find(ledger, moment)).length, 50);
  });
});
