import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { RoleUse } from "@drift-guard/core/batch/role-use";
import { evaluate } from "@drift-guard/core/evaluate/evaluate";
import { referenceByDuty } from "@drift-guard/core/reference/by-duty";
import { aDefinitionUse, anEnvironmentUse, aRole, trustOf } from "../../builders.ts";
import { guardedAs } from "../watched-roles.ts";

describe("a role without a reference of its own", () => {
  const judge = (uses: readonly RoleUse[], trust: string) => {
    const reference = referenceByDuty("Custom", uses, []);
    assert.ok(reference);
    const reading = { status: "present", role: aRole({ name: "Custom", trust, attached: [] }) } as const;
    return evaluate({ reference, guarded: guardedAs({}), reading }).map((one) =>
      one.kind === "drift" ? `${one.part} ${one.side}` : one.kind,
    );
  };

  it("has no reference if nothing uses it", () => {
    assert.equal(referenceByDuty("Custom", [], []), undefined);
  });

  for (const [duty, service] of [
    ["service", "batch.amazonaws.com"],
    ["instance", "ec2.amazonaws.com"],
    ["spot-fleet", "spotfleet.amazonaws.com"],
    ["infrastructure", "ecs.amazonaws.com"],
  ] as const) {
    it(`trusts ${service} and requires the policy of its duty as ${duty} role`, () => {
      const found = judge([anEnvironmentUse({ duty })], trustOf(service));
      assert.equal(found.length, 1);
      assert.match(found[0] ?? "", /^managed:arn:aws:iam::aws:policy\/.* missing$/);
    });
  }

  it("compares only the trust of a job role", () => {
    const job = aDefinitionUse({ duty: "job" });
    assert.deepEqual(judge([job], trustOf("ecs-tasks.amazonaws.com")), []);
    assert.deepEqual(judge([job], trustOf("ec2.amazonaws.com")), ["trust excess", "trust missing"]);
  });

  it("trusts the services of both duties and no other", () => {
    const uses = [anEnvironmentUse({ duty: "instance" }), aDefinitionUse({ duty: "job" })];
    const both = JSON.stringify({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Principal: { Service: ["ec2.amazonaws.com", "ecs-tasks.amazonaws.com"] },
          Action: "sts:AssumeRole",
        },
      ],
    });
    assert.ok(judge(uses, both).every((one) => !one.startsWith("trust")));
    assert.ok(judge(uses, trustOf("ec2.amazonaws.com")).includes("trust missing"));
    assert.ok(judge([anEnvironmentUse({ duty: "instance" })], both).includes("trust excess"));
  });
});
