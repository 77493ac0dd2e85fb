import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type LinkedRole, linkedRoleArn, linkedRoles } from "@drift-guard/core/linked-role/linked-role";
import {
  judgeLinkedRole,
  type LinkedEnvironment,
  type RegionScan,
} from "@drift-guard/core/linked-role/status";
import type { RoleReading } from "@drift-guard/core/model/role";
import { account, aRole } from "../../builders.ts";

const role: LinkedRole = linkedRoles[0] ?? assert.fail("Batch has a service-linked role");
const region = "eu-west-1";
const environment: LinkedEnvironment = { region, name: "ce", state: "ENABLED", status: "VALID" };

function aScan(environments: readonly LinkedEnvironment[]): RegionScan {
  return { region, status: "read", environments, queues: [] };
}

describe("a service-linked role", () => {
  const absent: RoleReading = { status: "absent", account, name: role.name };
  const there = (path: string): RoleReading => ({
    status: "present",
    role: aRole({ name: role.name, path }),
  });
  const linked = there("/aws-service-role/batch.amazonaws.com/");
  const unread: RegionScan = { region: "us-east-1", status: "unread", why: "denied" };

  it("has Batch's name and path in every partition", () => {
    assert.equal(
      linkedRoleArn(role, { account, partition: "aws-cn" }),
      `arn:aws-cn:iam::${account}:role/aws-service-role/batch.amazonaws.com/AWSServiceRoleForBatch`,
    );
  });

  it("may be absent unless an environment needs it", () => {
    assert.equal(judgeLinkedRole(role, absent, [aScan([])]), "absent");
    assert.equal(judgeLinkedRole(role, absent, [aScan([environment])]), "absent-but-needed");
  });

  it("is present if it exists, whether or not it is new", () => {
    assert.equal(judgeLinkedRole(role, linked, [aScan([environment])]), "present");
  });

  it("is unused only if every region was read", () => {
    assert.equal(judgeLinkedRole(role, linked, [aScan([])]), "unused");
    assert.equal(judgeLinkedRole(role, linked, [aScan([]), unread]), "present");
  });

  it("is not a role of the same name at another path", () => {
    for (const path of ["/", "/service-role/", "/aws-service-role/ecs.amazonaws.com/"]) {
      assert.equal(judgeLinkedRole(role, there(path), [aScan([])]), "name-taken");
    }
  });
});
