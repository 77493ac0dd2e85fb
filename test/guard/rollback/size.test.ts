import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { jsonBytes } from "@drift-guard/core/model/json-size";
import { listControlWrites } from "@drift-guard/core/store/control-items";
import { account } from "../../builders.ts";
import { rogue, roleNamed } from "../drift-calls.ts";
import { aWorld } from "../world.ts";

const key = { account, name: "AWSBatchServiceRole" };
// docs/aws-facts.md, "DynamoDB, SQS and Lambda".
const maxItemBytes = 400_000;

/** A world that measures the largest item that rollback stores. */
function aMeasuredWorld() {
  let largest = 0;
  const world = aWorld({
    disorder: () => [],
    control: (store) => ({
      ...store,
      commit: (commit) => {
        for (const write of listControlWrites(commit.before, commit.after)) {
          if (write.kind === "put") largest = Math.max(largest, jsonBytes(write.item));
        }
        return store.commit(commit);
      },
    }),
  });
  return { world, largest: () => largest };
}

describe("What rollback stores of a role with many padded policies", () => {
  const excess = '"Effect":"Allow","Action":"sqs:*","Resource":"*"';
  const spaces = " ".repeat(2000);
  // A value of more than 2048 characters is not compared at all.
  const values = JSON.stringify(Array.from({ length: 10 }, (_, index) => `${index}${spaces}`));
  const condition = `"Condition":{"StringEquals":{"aws:PrincipalTag/a":${values}}}`;
  const documents = {
    "between tokens": `{${spaces.repeat(10)}"Statement":{${excess}}}`,
    "inside texts": `{"Statement":{${excess},${condition}}}`,
    // The Deny stays, so that the rollback writes the padding too.
    "inside a Deny that it keeps": `{"Statement":[{${excess}},{"Effect":"Deny","Action":"s3:*","Resource":"*",${condition}}]}`,
  };
  for (const [place, policyDocument] of Object.entries(documents)) {
    it(`fits in items of the table where the padding is ${place}`, async () => {
      const { world, largest } = aMeasuredWorld();
      for (let index = 0; index < 16; index += 1) {
        world.act({ ...rogue, policyName: `rogue-${index}`, policyDocument });
      }
      await world.sweep();
      await world.settle(3600);
      assert.ok(largest() < maxItemBytes, `${largest()} bytes`);
      const { inline } = await roleNamed(world, key.name);
      assert.equal(inline.filter(({ text }) => text.includes("sqs:*")).length, 0);
    });
  }
});
