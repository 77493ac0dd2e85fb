import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { controlKeys, schema } from "@drift-guard/core/store/keys";
import { openDatabase } from "@drift-guard/embedded/sqlite/database";
import { account, batchServicePolicy } from "../../builders.ts";
import { aWorld } from "../world.ts";

const roleName = "AWSBatchServiceRole";
const role = { account, name: roleName };
const exception = {
  findingId: "f",
  digest: "d",
  owner: "ada",
  reason: "the migration needs it",
  expires: "2027-01-01",
};

describe("The inspection of a role", () => {
  for (const [what, pk, sk, item] of [
    ["an exception's time", controlKeys.partition(role), controlKeys.exception("f"), { exception }],
    ["a rollback", controlKeys.partition(role), controlKeys.rollback("r"), { rollback: 7 }],
    ["the pause", controlKeys.account(account), controlKeys.pause, { pause: 7 }],
  ] as const) {
    it(`detects drift although ${what} cannot be read, and its rollback is refused`, async () => {
      const database = openDatabase(":memory:");
      const world = aWorld({ database });
      database.sqlite
        .prepare("INSERT INTO control (pk, sk, item) VALUES (?, ?, ?)")
        .run(pk, sk, JSON.stringify({ schema, ...item }));
      world.act({ call: "DetachRolePolicy", roleName, policyArn: batchServicePolicy });
      await world.settle();
      const [finding, ...others] = await world.findings();
      assert.deepEqual([finding?.role.name, finding?.state, others], [roleName, "open", []]);
      const [outcome] = world.rollbacks;
      assert.ok(outcome?.status === "refused", JSON.stringify(world.rollbacks));
      assert.ok(outcome.reason.includes(sk), outcome.reason);
      assert.match(outcome.reason, /Remove or correct it\./);
    });
  }
});
