import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { pruneControl } from "@drift-guard/core/model/control";
import type { Instant } from "@drift-guard/core/model/instant";
import { jsonBytes } from "@drift-guard/core/model/json-size";
import { inlinePart } from "@drift-guard/core/model/part";
import type { PlannedStep } from "@drift-guard/core/model/plan";
import type { Rollback } from "@drift-guard/core/model/rollback";
import { aControl, anActor, aRollback, noon, secondsAfterNoon } from "../../builders.ts";

const days = (count: number) => secondsAfterNoon(count * 86_400);

function aCause(findingId: string, at: Instant, userAgent = "aws-cli") {
  return { findingId, digest: "", changeId: "c", call: "iam:X", at, actor: anActor({ userAgent }) };
}

function anExceptionOf(findingId: string) {
  return { findingId, digest: "", owner: "grace", reason: "known", expires: days(60) };
}

function anEnded(index: number, over: { readonly told?: true } = { told: true }): Rollback {
  const rollback = aRollback("done", `rollback-${index}`);
  assert.ok(rollback.status === "done");
  const { told: _, ...untold } = rollback;
  return { ...untold, ...over, startedAt: secondsAfterNoon(index), steps: [] };
}

describe("pruneControl", () => {
  it("keeps starts of a week, causes of 90 days, and those by which an exception is judged", () => {
    const control = aControl({
      attempts: [
        { findingId: "old", starts: [noon] },
        { findingId: "both", starts: [noon, days(3)] },
      ],
      causes: [aCause("old", noon), aCause("accepted", noon), aCause("new", days(3))],
      exceptions: [anExceptionOf("accepted")],
    });
    assert.deepEqual(pruneControl(control, days(8)).attempts, [{ findingId: "both", starts: [days(3)] }]);
    assert.deepEqual(
      pruneControl(control, days(91)).causes.map(({ findingId }) => findingId),
      ["accepted", "new"],
    );
  });

  it("keeps the newest starts and causes that fit in an item, whoever makes many", () => {
    const long = "ü".repeat(700);
    const names = Array.from({ length: 5000 }, (_, index) => `${index}`.padStart(32, "0"));
    const control = aControl({
      exceptions: [anExceptionOf(names[7] ?? "")],
      attempts: names.map((findingId, index) => ({ findingId, starts: [secondsAfterNoon(index)] })),
      causes: names.map((findingId, index) => aCause(findingId, secondsAfterNoon(index), long)),
    });
    const { attempts, causes } = pruneControl(control, days(1));
    assert.ok(jsonBytes(attempts) < 300_000 && jsonBytes(causes) < 300_000);
    assert.ok(attempts.length > 1000 && causes.length > 100);
    assert.equal(attempts.at(-1)?.findingId, names.at(-1));
    assert.equal(causes.at(-1)?.findingId, names.at(-1));
    // Who made a drift cannot make so many others that their own acceptance of it counts.
    assert.equal(causes[0]?.findingId, names[7]);
  });

  it("keeps the newest 20 rollbacks, those that people were not told of, and those that run", () => {
    const many = Array.from({ length: 30 }, (_, index) => anEnded(index + 10));
    const control = aControl({
      rollbacks: [aRollback("running", "running"), anEnded(0, {}), ...many],
    });
    const kept = pruneControl(control, days(1)).rollbacks.map(({ id }) => id);
    assert.deepEqual(kept, ["running", "rollback-0", ...many.slice(10).map(({ id }) => id)]);
  });

  it("keeps a rollback with an unanswered call for 30 days: its event may come late", () => {
    const unanswered: Rollback = { ...anEnded(0), steps: [{ step: 0, intendedAt: noon }] };
    const many = Array.from({ length: 30 }, (_, index) => anEnded(index + 10));
    const control = aControl({ rollbacks: [unanswered, ...many] });
    const isKept = (now: Instant) => pruneControl(control, now).rollbacks.includes(unanswered);
    assert.deepEqual([isKept(days(29)), isKept(days(31))], [true, false]);
  });

  it("keeps a rollback that revoked sessions until a rollback has removed that policy", () => {
    const [policyName, document] = ["DriftGuardRevokedSessions-1", "{}"];
    const base = { role: "R", part: inlinePart(policyName), restores: false, findings: [] } as const;
    const having = (id: number, step: PlannedStep): Rollback => {
      const rollback = anEnded(id);
      const steps = [{ step: 0, intendedAt: noon, outcome: { status: "done", at: noon } } as const];
      return { ...rollback, plan: { ...rollback.plan, steps: [step] }, steps };
    };
    const revokesUntil = secondsAfterNoon(3600);
    const revoked = having(0, { ...base, call: "iam:PutRolePolicy", policyName, document, revokesUntil });
    const removed = having(50, { ...base, call: "iam:DeleteRolePolicy", policyName });
    const many = Array.from({ length: 30 }, (_, index) => anEnded(index + 10));
    const isKept = (rollbacks: readonly Rollback[]) =>
      pruneControl(aControl({ rollbacks }), days(60)).rollbacks.includes(revoked);
    assert.deepEqual([isKept([revoked, ...many]), isKept([revoked, ...many, removed])], [true, false]);
  });

  it("returns the same record if there is nothing to remove", () => {
    const control = aControl({ rollbacks: [anEnded(1)], causes: [aCause("f", noon)] });
    assert.equal(pruneControl(control, noon), control);
  });
});
