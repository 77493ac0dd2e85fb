import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type FixQuestion, planFixes } from "@drift-guard/core/fixes/fixes";
import { account, allow } from "../../builders.ts";
import { referenceOf } from "../watched-roles.ts";
import { aFixWorld } from "./carry-out.ts";
import { allowing, denying, execution, fixAll, fixesOf, policy, putInline } from "./drifts.ts";

describe("the fix of a drift", () => {
  it("warns before it removes what job definitions may need, if AWS Batch was not read", async () => {
    const world = await aFixWorld(referenceOf(execution));
    const group = `arn:aws:logs:us-east-1:${account}:log-group:/my/group:*`;
    world.call(putInline(execution, "logs", allow("logs:CreateLogGroup", group)));
    world.call(putInline(execution, "rogue", allow("iam:*")));
    const question = await world.read();
    const warnings = (some: FixQuestion) =>
      [...fixesOf(some).values()].map((fix) => fix?.kind === "steps" && fix.warning !== undefined);
    assert.deepEqual(warnings(question), [false, false]);
    assert.deepEqual(warnings({ ...question, usesUnknown: true }), [true, false]);
  });

  it("that needs a warning comes last in a plan, in a group of its own", async () => {
    const name = "AWSBatchServiceRole";
    const world = await aFixWorld(referenceOf(name));
    world.call(putInline(name, "a", policy(denying("ec2:*"))));
    world.call(putInline(name, "b", policy(allowing("iam:*"))));
    const { groups } = planFixes(await world.read());
    assert.deepEqual(
      groups.map(({ steps, warning }) => [steps.length, warning === undefined]),
      [
        [1, true],
        [1, false],
      ],
    );
    await fixAll(world);
  });
});
