import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type AuthorisationRequest, authorise } from "@drift-guard/core/rollback/authorise";
import { aControl, aPlan } from "../../builders.ts";
import { asReferenced, guardedAs, referenceOf } from "../watched-roles.ts";

function ask(over: Partial<AuthorisationRequest> = {}): ReturnType<typeof authorise> {
  return authorise({
    plan: aPlan({ findings: ["f"] }),
    role: asReferenced("AWSBatchServiceRole"),
    reference: referenceOf("AWSBatchServiceRole"),
    guarded: guardedAs({}),
    control: aControl(),
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

  it("is refused while an item of the role's control data cannot be read, and the refusal names each", () => {
    const unreadable = ["The item EXCEPTION#a cannot be read:\n  expires", "The item BREAKER cannot be read"];
    assert.equal(
      refusal({ control: aControl({ unreadable }) }),
      "Rollbacks of AWSBatchServiceRole are refused while a stored decision about them cannot be read: " +
        "The item EXCEPTION#a cannot be read: expires The item BREAKER cannot be read",
    );
    assert.deepEqual(ask({ control: aControl({ unreadable: [] }) }), { go: true });
  });
});
