import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { allow } from "../../builders.ts";
import { referenceOf } from "../watched-roles.ts";
import { aFixWorld } from "./carry-out.ts";
import {
  allowing,
  callsOf,
  denying,
  execution,
  fixAll,
  fixesOf,
  get,
  keys,
  needing,
  policy,
  putInline,
  secretOf,
} from "./drifts.ts";

describe("the fix of a drift at an inline policy", () => {
  it("deletes what is all excess, and writes down first what jobs need of it", async () => {
    const world = await aFixWorld(referenceOf(execution), needing("db"));
    world.call(putInline(execution, "rogue", allow("iam:*")));
    world.call(putInline(execution, "wide", allow(get)));
    const question = await world.read();
    const fixes = fixesOf(question);
    assert.deepEqual(callsOf(fixes.get("inline:rogue excess")), ["iam:DeleteRolePolicy"]);
    const wide = fixes.get("inline:wide excess");
    assert.ok(wide?.kind === "steps");
    assert.deepEqual(callsOf(wide), ["iam:PutRolePolicy", "iam:DeleteRolePolicy"]);
    assert.ok(wide.steps[0]?.call === "iam:PutRolePolicy");
    assert.equal(wide.steps[0].policyName, "JobDefinitionNeeds");
    await fixAll(world);
  });

  it("narrows the policy of needs to what jobs need", async () => {
    const world = await aFixWorld(referenceOf(execution), needing("db"));
    world.call(putInline(execution, "JobDefinitionNeeds", policy({ ...allowing(get), Resource: "*" })));
    assert.deepEqual(callsOf(fixesOf(await world.read()).get("inline:JobDefinitionNeeds excess")), [
      "iam:PutRolePolicy",
    ]);
    await fixAll(world);
  });

  it("removes only the statements with excess, so that allowed ones and Denies stay", async () => {
    const world = await aFixWorld(referenceOf(execution), needing("db"));
    const kept = [allowing(get, secretOf("db")), denying("s3:DeleteObject")];
    world.call(putInline(execution, "mixed", policy(allowing("iam:*"), ...kept)));
    const fixes = fixesOf(await world.read());
    const fix = fixes.get("inline:mixed excess");
    assert.ok(fix?.kind === "steps" && fix.steps[0]?.call === "iam:PutRolePolicy");
    assert.deepEqual(JSON.parse(fix.steps[0].document).Statement, kept);
  });

  it("of a Deny beside excess waits until the excess is fixed, then warns of an incident", async () => {
    const world = await aFixWorld(referenceOf("AWSBatchServiceRole"));
    world.call(
      putInline("AWSBatchServiceRole", "both", policy(allowing("iam:*"), denying("ec2:RunInstances"))),
    );
    const fixes = fixesOf(await world.read());
    const deny = fixes.get("inline:both missing");
    assert.ok(deny?.kind === "manual");
    assert.match(deny.why, /may contain an incident\. Fix the excess first/);
    const excess = fixes.get("inline:both excess");
    assert.ok(excess?.kind === "steps");
    world.carryOut(excess.steps);
    const rest = fixesOf(await world.read()).get("inline:both missing");
    assert.ok(rest?.kind === "steps");
    assert.match(rest.warning ?? "", /removes a Deny, which may contain an incident/);
    await fixAll(world);
  });

  it("of a Deny deletes the whole policy if its Allows would be too much without the Deny", async () => {
    const world = await aFixWorld(referenceOf(execution), needing("db"));
    world.call(putInline(execution, "a", policy(denying("*"), allowing("iam:*"))));
    assert.deepEqual(await fixAll(world), ["iam:DeleteRolePolicy", "iam:PutRolePolicy"]);
    assert.deepEqual(keys((await world.read()).assessments), []);
  });
});
