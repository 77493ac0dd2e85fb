import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MessageUnreadableError } from "@drift-guard/core/errors";
import { formatRollbackRequest, parseRollbackMessage } from "@drift-guard/core/intake/rollback-message";
import type { RollbackRequest } from "@drift-guard/core/model/rollback-request";
import { aChange, aTransition, noon } from "../../builders.ts";

function envelope(over: object = {}): string {
  return JSON.stringify({
    source: "drift-guard",
    "detail-type": "Transition",
    detail: aTransition(),
    ...over,
  });
}

describe("A message of the rollback queue", () => {
  it("is a request of the guard's functions, which survives the queue", () => {
    const requests: readonly RollbackRequest[] = [
      { enrol: { role: "r", at: noon } },
      { changed: { role: "r", change: aChange() } },
      { continue: { role: "r", rollbackId: "id" } },
      { retry: { role: "r", due: noon, findings: ["f"] } },
    ];
    for (const request of requests) {
      assert.deepEqual(parseRollbackMessage(formatRollbackRequest(request)), request);
    }
  });

  it("is a hint if EventBridge wrote it, of which the role's name alone is used", () => {
    const { role } = aTransition().finding;
    assert.deepEqual(parseRollbackMessage(envelope()), { hint: role });
    const forged = { finding: { role, evidence: "anything" }, enrol: { role: "r", at: noon } };
    assert.deepEqual(parseRollbackMessage(envelope({ detail: forged })), { hint: role });
  });

  it("is refused in any other form", () => {
    const bodies = [
      "no JSON",
      "null",
      "7",
      "[]",
      "{}",
      envelope({ source: "someone.else" }),
      envelope({ "detail-type": "Other" }),
      JSON.stringify({ enrol: { role: "r".repeat(65), at: noon } }),
      JSON.stringify({ enrol: { role: "r", at: "yesterday" } }),
      JSON.stringify({ retry: { role: "r", due: noon, findings: Array(1001).fill("f") } }),
    ];
    for (const body of bodies) assert.throws(() => parseRollbackMessage(body), MessageUnreadableError, body);
  });
});
