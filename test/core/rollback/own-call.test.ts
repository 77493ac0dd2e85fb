import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { digestCall } from "@drift-guard/core/model/call-digest";
import type { Change } from "@drift-guard/core/model/change";
import type { Rollback, StepOutcome } from "@drift-guard/core/model/rollback";
import { judgeOwnCall } from "@drift-guard/core/rollback/own-call";
import { aChange, aControl, anActor, aPlan, aRollback, noon, secondsAfterNoon } from "../../builders.ts";

const guardRole = "arn:aws:iam::123456789012:role/rollbacker";
const [step] = aPlan().steps;

function aCall(over: Partial<Change> = {}): Change {
  return aChange({
    call: "iam:AttachRolePolicy",
    at: noon,
    actor: anActor({ issuer: guardRole, session: "rollback" }),
    requestId: "request-1",
    ...(step && { callDigest: digestCall(step), writes: step.part }),
    ...over,
  });
}

function withOutcome(outcome?: StepOutcome): Rollback {
  return {
    ...aRollback("running"),
    session: "rollback",
    steps: [{ step: 0, intendedAt: noon, ...(outcome && { outcome }) }],
  };
}

function judge(change: Change, rollbacks: readonly Rollback[], isRecorded = false): string {
  const verdict = judgeOwnCall(change, { control: aControl({ rollbacks }), isRecorded }, { guardRole });
  return typeof verdict === "string" ? verdict : verdict.kind;
}

const done = (requestId: string): StepOutcome => ({ status: "done", at: secondsAfterNoon(1), requestId });

describe("A call by the guard's role", () => {
  it("is own by its session and request id", () => {
    assert.equal(judge(aCall(), [withOutcome(done("request-1"))]), "none");
    const stolen = anActor({ issuer: guardRole, session: "stolen" });
    assert.equal(judge(aCall({ actor: stolen }), [withOutcome(done("request-1"))]), "impersonation");
  });

  it("is own by its exact parameters and time where the answer was lost", () => {
    for (const outcome of [undefined, { status: "observed", at: secondsAfterNoon(300) } as const]) {
      assert.equal(judge(aCall(), [withOutcome(outcome)]), "none");
      assert.equal(judge(aCall({ at: secondsAfterNoon(-400) }), [withOutcome(outcome)]), "impersonation");
      assert.equal(judge(aCall({ at: secondsAfterNoon(3600) }), [withOutcome(outcome)]), "impersonation");
    }
    assert.equal(judge(aCall(), [withOutcome(done("another"))]), "impersonation");
    const repeated = { ...done("another"), repeated: true } as const;
    assert.equal(judge(aCall(), [withOutcome(repeated)]), "none");
  });

  it("is own by its exact parameters although the clocks of CloudTrail and the function differ by minutes", () => {
    const repeated = { ...done("another"), repeated: true } as const;
    for (const outcome of [undefined, { status: "observed", at: noon } as const, repeated]) {
      for (const seconds of [-240, 240]) {
        assert.equal(judge(aCall({ at: secondsAfterNoon(seconds) }), [withOutcome(outcome)]), "none");
      }
    }
  });

  it("is foreign where its parameters are others", () => {
    assert.equal(judge(aCall({ callDigest: "0".repeat(64) }), [withOutcome()]), "impersonation");
    assert.equal(judge(aCall({ call: "iam:PutRolePolicy" }), [withOutcome()]), "impersonation");
  });

  it("is own long after its rollback was removed", () => {
    assert.equal(judge(aCall(), [], true), "none");
    assert.equal(judge(aCall(), []), "impersonation");
  });
});
