import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { defineConfig } from "@drift-guard/core/config/config";
import { findingKeys } from "@drift-guard/core/store/keys";
import { openDatabase } from "@drift-guard/embedded/sqlite/database";
import { account, allow, anEnvironmentUse } from "../../builders.ts";
import { roleNamed } from "../drift-calls.ts";
import { aWorld } from "../world.ts";

const subject = { kind: "job-definition", region: "us-east-1", name: "planted" } as const;
const secret = `arn:aws:secretsmanager:us-east-1:${account}:secret:prod`;
const need = { action: "*", resource: "*", what: "secret", at: "x" };

/** A world with automatic rollback of excess, and a use of the role that somebody wrote into the findings table. */
async function aPlantedWorld(roleName: string, use: object) {
  const database = openDatabase(":memory:");
  const config = defineConfig({ roles: { [roleName]: { rollback: { excess: "automatic" } } } });
  const world = aWorld({ database, config });
  await world.sweep();
  await world.settle();
  const plant = database.sqlite.prepare("INSERT INTO findings (pk, sk, item) VALUES (?, ?, ?)");
  const item = JSON.stringify({ schema: 1, uses: [use] });
  plant.run(findingKeys.partition({ account, name: roleName }), findingKeys.usage(subject), item);
  return world;
}

describe("A use of a role that somebody planted in the findings table", () => {
  for (const roleName of ["AWSBatchServiceRole", "ecsTaskExecutionRole"]) {
    for (const duty of ["job", "execution"]) {
      it(`keeps no excess of ${roleName} as a need of its ${duty} role`, async () => {
        const use = { ...subject, revision: 1, duty, needs: [need], unread: [], fargate: true };
        const world = await aPlantedWorld(roleName, use);
        world.act({ call: "PutRolePolicy", roleName, policyName: "rogue", policyDocument: allow("*") });
        await world.settle();
        assert.ok((await world.findings()).some(({ evidence: { part } }) => `${part}` === "inline:rogue"));
        assert.deepEqual((await roleNamed(world, roleName)).inline, []);
      });
    }
  }

  it("that is one which a job definition could have counts until the next sweep", async () => {
    const roleName = "ecsTaskExecutionRole";
    const needs = [{ ...need, action: "secretsmanager:GetSecretValue", resource: secret }];
    const use = { ...subject, revision: 1, duty: "execution", needs, unread: [], fargate: true };
    const world = await aPlantedWorld(roleName, use);
    const key = { account, name: roleName };
    await world.ports.usage.record(
      account,
      { kind: "compute-environment", region: "eu-north-1", name: "prod" },
      new Map([[roleName, [anEnvironmentUse()]]]),
    );
    assert.equal((await world.ports.usage.usesOf(key)).length, 2);
    await world.sweep();
    assert.deepEqual(await world.ports.usage.usesOf(key), [anEnvironmentUse()]);
  });
});
