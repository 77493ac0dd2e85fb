import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { defineConfig } from "@drift-guard/core/config";
import { leaveUncovered } from "@drift-guard/core/evaluate/coverage";
import { identifyFinding } from "@drift-guard/core/model/identity";
import type { Instant } from "@drift-guard/core/model/instant";
import { listCountedExceptions } from "@drift-guard/core/rollback/counted-exceptions";
import { account, aDrift, aGrant, aKey, anActor, noon } from "../../builders.ts";

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
  listCountedExceptions(
    {
      role: aKey(),
      exceptions: [{ ...exception, ...(undoes !== undefined && { undoes }) }],
      causes: [cause],
    },
    { exceptions: [] },
  ).length === 1;

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

describe("an exception in the configuration", () => {
  const config = defineConfig({
    roles: { AWSBatchServiceRole: {} },
    exceptions: [
      {
        role: "awsbatchservicerole",
        part: "inline:extra",
        side: "excess",
        grants: [{ actions: ["s3:GetObject"], resources: ["*"] }],
        owner: "team batch",
        reason: "reads its input",
        expires: "2027-01-01T00:00:00Z",
      },
    ],
  });
  const left = (name: string, ...actions: readonly string[]) => {
    const role = aKey({ name });
    const evidence = aDrift({
      part: "inline:extra",
      side: "excess",
      grants: actions.map((action) => aGrant({ actions: [action], resources: ["*"] })),
    });
    const exceptions = listCountedExceptions({ role, exceptions: [], causes: [] }, config);
    return leaveUncovered({ id: identifyFinding(role, evidence), evidence }, { exceptions, now: noon });
  };

  it("covers its grants of its role, and nothing else", () => {
    assert.equal(left("AWSBatchServiceRole", "s3:GetObject"), undefined);
    assert.equal(left("AWSBatchServiceRole", "s3:GetObject", "iam:PassRole")?.kind, "drift");
    assert.equal(left("ecsTaskExecutionRole", "s3:GetObject")?.kind, "drift");
  });

  it("is checked with the configuration", () => {
    const exception = {
      role: "a b",
      part: "trust",
      side: "excess",
      owner: "x",
      reason: "y",
      expires: "soon",
    } as const;
    assert.throws(() => defineConfig({ roles: {}, exceptions: [exception] }), /must be a role name/);
  });
});
