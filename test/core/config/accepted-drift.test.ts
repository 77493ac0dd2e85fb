import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { AcceptedDrift, writeAcceptedDrift } from "@drift-guard/core/config/accepted-drift";
import { type ConfigInput, defineConfig } from "@drift-guard/core/config/config";
import { ConfigError } from "@drift-guard/core/errors";
import { aDrift, aGrant, aKey } from "../../builders.ts";

type Exception = NonNullable<ConfigInput["exceptions"]>[number];

const accepted: Exception = {
  role: "AWSBatchServiceRole",
  part: "inline:extra",
  side: "excess",
  grants: [{ actions: ["s3:GetObject"], resources: ["arn:aws:s3:::input/*"] }],
  owner: "team batch",
  reason: "reads its input",
  expires: "2027-01-01T00:00:00Z",
};

function refuse(over: Partial<Exception>): string {
  try {
    defineConfig({ roles: {}, exceptions: [{ ...accepted, ...over }] });
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.message.split("\n").slice(1).join(" ").trim();
  }
  return "accepted";
}

describe("an exception in the configuration", () => {
  const assume = { actions: ["sts:AssumeRole"] };
  const principals = [{ type: "AWS" as const, id: "arn:aws:iam::999988887777:root" }];

  it("accepts grants on resources, or of the trust policy to principals", () => {
    assert.equal(refuse({}), "accepted");
    assert.equal(refuse({ part: "trust", grants: [{ ...assume, principals }] }), "accepted");
  });

  it("is refused where a grant of the trust policy names no principals, which would be everybody", () => {
    assert.match(refuse({ part: "trust", grants: [assume] }), /grants\[0\]\.principals is missing/);
    assert.match(refuse({ part: "trust", grants: [{ ...assume, principals: [] }] }), /is about principals/);
    assert.match(
      refuse({ part: "trust", grants: [{ ...assume, principals, resources: ["*"] }] }),
      /^must be left out/,
    );
  });

  it("is refused where a grant names no actions or resources, and would never cover anything", () => {
    assert.match(refuse({ grants: [{ actions: ["s3:GetObject"] }] }), /resources is missing/);
    assert.match(refuse({ grants: [{ actions: ["s3:GetObject"], resources: [] }] }), /is about resources/);
    assert.match(refuse({ grants: [{ actions: [], resources: ["*"] }] }), /^must have an entry/);
    assert.match(refuse({ grants: [{ ...assume, resources: ["*"], principals }] }), /^must be left out/);
    assert.match(refuse({ denies: [{ actions: ["s3:*"] }] }), /denies\[0\]\.resources/);
  });

  it("is written without what a grant does not have", () => {
    const { part, side } = aDrift({ part: "inline:extra", side: "excess" });
    const decision = {
      owner: "team batch",
      reason: "reads its input",
      expires: "2027-01-01T00:00:00Z",
    } as const;
    const [grant] =
      writeAcceptedDrift({ role: aKey(), part, side, grants: [aGrant()], denies: [] }, decision).grants ?? [];
    assert.deepEqual(Object.keys(grant ?? {}).sort(), ["actions", "resources"]);
  });

  it("is refused where it accepts nothing, or nobody answers for it", () => {
    assert.match(refuse({ grants: [] }), /^accepts nothing/);
    assert.equal(refuse({ grants: [], detail: "One sentence." }), "accepted");
    assert.match(refuse({ owner: " " }), /^must not be blank, at exceptions\[0\]\.owner/);
    assert.match(
      AcceptedDrift.safeParse({ ...accepted, part: "inlin:extra" }).error?.issues[0]?.message ?? "",
      /^must be managed:ARN, inline:NAME, tag:KEY or one of role, trust, /,
    );
    assert.match(refuse({ reason: "" }), /^must not be blank, at exceptions\[0\]\.reason/);
  });
});
