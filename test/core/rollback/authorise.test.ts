import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type AuthorisationRequest, authorise } from "@drift-guard/core/rollback/authorise";
import { aLedger, aPlan, aRollback, noon } from "../../builders.ts";
import { asReferenced, guardedAs, referenceOf } from "../watched-roles.ts";

function ask(over: Partial<AuthorisationRequest> = {}): ReturnType<typeof authorise> {
  return authorise({
    plan: aPlan({ findings: ["f"] }),
    role: asReferenced("AWSBatchServiceRole"),
    reference: referenceOf("AWSBatchServiceRole"),
    guarded: guardedAs({}),
    ledger: aLedger(),
    control: { exceptions: [], approvals: [] },
    now: noon,
    windowHours: 1,
    ...over,
  });
}

function refusal(over: Partial<AuthorisationRequest>): string {
  const authority = ask(over);
  if (authority.go) throw new assert.AssertionError({ message: "it was allowed" });
  return authority.reason;
}

describe("a plan", () => {
  it("is authorised if nothing forbids it", () => {
    assert.deepEqual(ask(), { go: true });
  });

  it("is refused for a service-linked role (R20)", () => {
    const name = "AWSServiceRoleForBatch";
    const text = refusal({
      role: asReferenced(name),
      reference: referenceOf(name),
      guarded: guardedAs({ paths: ["/aws-service-role/batch.amazonaws.com/"] }),
    });
    assert.match(text, /service-linked/);
  });

  it("is refused outside the paths of the configuration", () => {
    assert.match(
      refusal({ role: asReferenced("AWSBatchServiceRole", { path: "/other/" }) }),
      /path \/other\//,
    );
  });

  it("is refused while rollbacks are paused or the breaker is open", () => {
    assert.match(
      refusal({ control: { exceptions: [], approvals: [], paused: "release day" } }),
      /release day/,
    );
    assert.match(
      refusal({ control: { exceptions: [], approvals: [], breaker: "it came back" } }),
      /it came back/,
    );
  });

  it("is refused while an item of the role's control data cannot be read, and the refusal names each", () => {
    const unreadable = ["The item EXCEPTION#a cannot be read:\n  expires", "The item BREAKER cannot be read"];
    assert.equal(
      refusal({ control: { exceptions: [], approvals: [], unreadable } }),
      "Rollbacks of AWSBatchServiceRole are refused while a stored decision about them cannot be read: " +
        "The item EXCEPTION#a cannot be read: expires The item BREAKER cannot be read",
    );
    assert.deepEqual(ask({ control: { exceptions: [], approvals: [], unreadable: [] } }), { go: true });
  });

  it("is refused, and opens the breaker, if its drift returned after two rollbacks in the window", () => {
    const rolledBack = (id: string, startedAt = noon) => {
      const rollback = aRollback("done", id);
      return { ...rollback, startedAt, plan: { ...rollback.plan, findings: ["f"] } };
    };
    assert.deepEqual(ask({ ledger: aLedger({ rollbacks: [rolledBack("1")] }) }), { go: true });
    const authority = ask({ ledger: aLedger({ rollbacks: [rolledBack("1"), rolledBack("2")] }) });
    assert.equal(!authority.go && authority.breaks, true);
    const yesterday = "2026-11-21T12:00:00.000Z";
    assert.deepEqual(
      ask({ ledger: aLedger({ rollbacks: [rolledBack("1", yesterday), rolledBack("2", yesterday)] }) }),
      { go: true },
    );
  });
});
