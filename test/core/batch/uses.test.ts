import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatUses } from "@drift-guard/core/batch/role-use-text";
import { usesOfDefinition, usesOfEnvironment } from "@drift-guard/core/batch/uses";
import { account, aDefinitionUse, anEnvironmentUse } from "../../builders.ts";

describe("uses of a role", () => {
  it("lists uses in work first, each once, at most twenty", () => {
    const idle = anEnvironmentUse({ name: "idle", state: "DISABLED", queues: [] });
    assert.deepEqual(
      formatUses([idle, aDefinitionUse(), aDefinitionUse(), anEnvironmentUse({ status: "INVALID" })]),
      [
        "job definition render:7 in us-east-1",
        "compute environment prod in us-east-1 (ENABLED, INVALID), with job queue high",
        "compute environment idle in us-east-1 (DISABLED)",
      ],
    );
    const many = Array.from({ length: 50 }, (_, index) => aDefinitionUse({ revision: index }));
    assert.equal(formatUses(many).length, 20);
    assert.equal(formatUses(many).at(-1), "and 31 more");
  });

  it("limits the stored uses of many revisions and keeps the newest", () => {
    const needs = Array.from({ length: 400 }, (_, index) => ({
      action: "ssm:GetParameters",
      resource: `arn:aws:ssm:us-east-1:${account}:parameter/${"deep/".repeat(20)}${index}`,
      what: "parameter" as const,
      at: "containerProperties.secrets[0].valueFrom",
    }));
    const revisions = Array.from({ length: 30 }, (_, index) => ({
      region: "us-east-1",
      name: "render",
      revision: index + 1,
      active: true,
      fargate: false,
      tasks: [
        {
          at: "containerProperties",
          execution: { name: "E" },
          needs: needs.slice(index),
          unread: [],
          refused: [],
          features: [],
        },
      ],
    }));
    const uses = usesOfDefinition(revisions).get("E") ?? [];
    assert.ok(JSON.stringify(uses).length < 400_000);
    assert.equal(uses[0]?.kind === "job-definition" && uses[0].revision, 30);
  });

  it("attributes an instance profile to the role that it holds, or else to the role of the same name", () => {
    const environment = {
      region: "us-east-1",
      name: "prod",
      state: "ENABLED",
      status: "VALID",
      roles: [{ duty: "instance", profile: "Nodes" }],
    } as const;
    const held = usesOfEnvironment(environment, [], new Map([["Nodes", "NodeRole"]]));
    assert.deepEqual([...held.keys()], ["NodeRole"]);
    const [use] = usesOfEnvironment(environment, [], new Map([["Nodes", undefined]])).get("Nodes") ?? [];
    assert.equal(use?.kind === "compute-environment" && use.profileEmpty, true);
    assert.equal(usesOfEnvironment({ ...environment, status: "DELETED" }, [], new Map()).size, 0);
  });
});
