import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Instant } from "@drift-guard/core/model/instant";
import { listRevocations } from "@drift-guard/core/rollback/revocation";
import { aPlan, noon, secondsAfterNoon } from "../../builders.ts";

const [step] = aPlan().steps;

/** Returns until when a revocation stands that was planned at noon for an hour, with strangers let in until a time. */
function endOf(exposure?: { readonly at: Instant; readonly sessionSeconds: number }): string | undefined {
  assert.ok(step);
  const revoking = {
    ...step,
    call: "iam:PutRolePolicy",
    policyName: "Revoked",
    document: "{}",
    revokesUntil: secondsAfterNoon(3600),
  } as const;
  const rollbacks = [{ plan: { steps: [revoking] } }];
  const [revocation] = listRevocations({ rollbacks, ...(exposure && { enrolment: { exposure } }) });
  return revocation?.until;
}

describe("A revocation of sessions", () => {
  it("stands for as long as was planned", () => {
    assert.equal(endOf(), secondsAfterNoon(3600));
    assert.equal(endOf({ at: noon, sessionSeconds: 600 }), secondsAfterNoon(3600));
  });

  it("stands until the end of a session that is longer than was known", () => {
    assert.equal(endOf({ at: noon, sessionSeconds: 7200 }), secondsAfterNoon(7200 + 120));
  });

  it("ends after 12 hours although somebody can assume the role again, as no session that it denies is left", () => {
    assert.equal(
      endOf({ at: secondsAfterNoon(86_400), sessionSeconds: 43_200 }),
      secondsAfterNoon(12 * 3600),
    );
  });
});
