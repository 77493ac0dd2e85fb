import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { RoleUse } from "@drift-guard/core/batch/role-use";
import type { Assessment } from "@drift-guard/core/model/evidence";
import { reconcile } from "@drift-guard/core/reconcile/reconcile";
import { aDefinitionUse, aDrift, aLedger, anEnvironmentUse, noon, secondsAfterNoon } from "../../builders.ts";

const look = (evidence: readonly Assessment[], uses: readonly RoleUse[], ledger = aLedger(), now = noon) =>
  reconcile({ ledger, evidence, exceptions: [], cause: { kind: "sweep" }, uses, now, settleSeconds: 60 });

describe("reconciling with the uses of a role", () => {
  it("reports a finding as worsened when new uses raise its severity, and records other uses without a transition", () => {
    const opened = look([aDrift()], []);
    assert.deepEqual(opened.ledger.findings[0]?.usedBy, []);
    const used = look([aDrift()], [anEnvironmentUse()], opened.ledger, secondsAfterNoon(60));
    assert.deepEqual(
      used.transitions.map(({ kind, finding }) => [kind, finding.severity]),
      [["worsened", "CRITICAL"]],
    );
    const more = look([aDrift()], [anEnvironmentUse(), aDefinitionUse()], used.ledger, secondsAfterNoon(120));
    assert.deepEqual(more.transitions, []);
    assert.equal(more.ledger.findings[0]?.usedBy?.length, 2);
    assert.equal(look([aDrift()], [anEnvironmentUse(), aDefinitionUse()], more.ledger).ledger, more.ledger);
  });
});
