import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { defineConfig } from "@drift-guard/core/config/config";
import { findWatchedRole } from "@drift-guard/core/config/watched-role";
import type { IamCall } from "@drift-guard/embedded/iam/call";
import { formatAsff } from "@drift-guard/formats/asff";
import { formatText } from "@drift-guard/formats/text";
import { checkRole } from "drift-guard/role-check";
import { account, allow, anAnnouncement, batchServicePolicy } from "../builders.ts";
import { referenceOf } from "../core/watched-roles.ts";
import { detach, open, rogue } from "../guard/drift-calls.ts";
import { aWorld } from "../guard/world.ts";

const roleName = "AWSBatchServiceRole";
const bound = (document: string): readonly IamCall[] => [
  { call: "CreatePolicy", policyName: "Bound", policyDocument: document },
  {
    call: "PutRolePermissionsBoundary",
    roleName,
    permissionsBoundary: `arn:aws:iam::${account}:policy/Bound`,
  },
];
const copy = referenceOf(roleName).attachments.find(({ arn }) => arn === batchServicePolicy)?.document ?? "";
const past = JSON.stringify({
  Version: "2012-10-17",
  Statement: {
    Effect: "Allow",
    Action: "iam:*",
    Resource: "*",
    Condition: { DateLessThan: { "aws:CurrentTime": "2020-01-01T00:00:00Z" } },
  },
});
const mereDeny = JSON.stringify({
  Version: "2012-10-17",
  Statement: { Effect: "Deny", Action: "s3:DeleteBucket", Resource: "*" },
});

const changes: readonly (readonly [
  what: string,
  calls: readonly IamCall[],
  severities: readonly string[],
])[] = [
  ["a detached policy", [detach], ["HIGH"]],
  [
    "a detached policy that an inline policy copies",
    [{ call: "PutRolePolicy", roleName, policyName: "copy", policyDocument: copy }, detach],
    ["MEDIUM"],
  ],
  ["a policy that opens a path of privilege escalation", [rogue], ["CRITICAL"]],
  ["a policy that opens none", [{ ...rogue, policyDocument: allow("glue:CreatePartition") }], ["HIGH"]],
  ["a policy whose time has passed", [{ ...rogue, policyDocument: past }], ["LOW"]],
  ["a Deny of nothing that is allowed", [{ ...rogue, policyDocument: mereDeny }], ["INFORMATIONAL"]],
  ["a trust for another account", [open], ["CRITICAL"]],
  [
    "a boundary that denies everything",
    bound(
      JSON.stringify({ Version: "2012-10-17", Statement: { Effect: "Deny", Action: "*", Resource: "*" } }),
    ),
    ["HIGH"],
  ],
  ["a boundary that blocks nothing", bound(allow("*")), ["INFORMATIONAL"]],
];

describe("the severity of a drift", () => {
  const config = defineConfig({ roles: { [roleName]: {}, ecsTaskExecutionRole: {} } });

  for (const [what, calls, severities] of changes) {
    it(`is the same in check, findings, messages and Security Hub: ${what}`, async () => {
      const world = aWorld({ config });
      for (const call of calls) world.act(call);
      await world.settle();
      const findings = (await world.findings()).filter(({ state }) => state === "open");
      assert.deepEqual(findings.map(({ severity }) => severity).sort(), severities);
      const checks = await Promise.all(
        Object.keys(config.roles).map((name) => {
          const watched = findWatchedRole({ config }, name);
          assert.ok(watched);
          return checkRole(watched, { reader: world.ports.roles, account, partition: "aws", config });
        }),
      );
      assert.deepEqual(
        checks.flatMap(({ assessments }) => assessments.map(({ severity }) => severity)).sort(),
        severities,
      );
      for (const finding of findings) {
        const told = world.announced.findLast((transition) => transition.finding.id === finding.id);
        assert.ok(told);
        assert.match(
          formatText(anAnnouncement(told)).body,
          new RegExp(`^Severity: +${finding.severity}$`, "m"),
        );
        const imported = formatAsff(anAnnouncement(told), { account, region: "us-east-1", partition: "aws" });
        assert.equal(imported.FindingProviderFields.Severity.Label, finding.severity);
      }
    });
  }
});
