import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Instant } from "@drift-guard/core/model/instant";
import { listCountedExceptions } from "@drift-guard/core/rollback/counted-exceptions";
import { account, anActor } from "../../builders.ts";

const anna = `arn:aws:iam::${account}:user/anna`;
const exception = {
  findingId: "f",
  digest: "e",
  owner: anna,
  reason: "needed",
  at: "2026-11-28T03:14:52.249Z",
  expires: "2026-12-28T03:14:52Z",
} as const;
const causeAt = (at: Instant, undoneBy?: string) => ({
  findingId: "f",
  digest: "e",
  changeId: "c",
  call: "iam:UpdateAssumeRolePolicy",
  at,
  actor: anActor({ type: "IAMUser", arn: anna, issuer: anna }),
  ...(undoneBy !== undefined && { undoneBy }),
});
const counts = (undoes: string | undefined, cause: ReturnType<typeof causeAt>) =>
  listCountedExceptions({
    exceptions: [{ ...exception, ...(undoes !== undefined && { undoes }) }],
    causes: [cause],
  }).length === 1;

describe("an exception by an undoing", () => {
  it("counts where its giver makes the call in the same second, which CloudTrail records as a whole one", () => {
    assert.ok(counts("rollback-1", causeAt("2026-11-28T03:14:52Z")));
    assert.ok(counts("rollback-1", causeAt("2026-11-28T03:14:54Z")));
  });

  it("does not count where its giver made the drift before, or the drift that the rollback undid", () => {
    assert.ok(!counts("rollback-1", causeAt("2026-11-28T03:14:51Z")));
    assert.ok(!counts("rollback-1", causeAt("2026-11-28T03:10:00Z", "rollback-1")));
    assert.ok(counts("rollback-1", causeAt("2026-11-28T03:10:00Z", "rollback-2")));
  });
});

describe("an exception by the maker of the drift", () => {
  it("does not count, unless a rollback undid that change", () => {
    assert.ok(!counts(undefined, causeAt("2026-11-28T03:15:00Z")));
    assert.ok(counts(undefined, causeAt("2026-11-28T03:10:00Z", "rollback-1")));
  });
});
