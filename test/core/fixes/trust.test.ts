import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { account } from "../../builders.ts";
import { referenceOf } from "../watched-roles.ts";
import { aFixWorld } from "./carry-out.ts";
import { fixAll, fixesOf, keys, policy } from "./drifts.ts";

describe("the fix of a drift at the trust policy", () => {
  it("removes a Deny of a trust and keeps the conditions that harden it (2.10)", async () => {
    const name = "AWSBatchServiceRole";
    const own = { StringEquals: { "aws:SourceAccount": account } };
    const service = {
      Effect: "Allow",
      Principal: { Service: "batch.amazonaws.com" },
      Action: "sts:AssumeRole",
    };
    const hardened = { ...service, Condition: own };
    const onOthers = { StringNotEquals: { "aws:SourceAccount": account } };
    const denyAll = { Effect: "Deny", Principal: "*", Action: "sts:AssumeRole" };
    // A service has no aws:PrincipalOrgID, so that this Deny shuts AWS Batch out.
    const organization = {
      ...denyAll,
      Condition: { StringNotEquals: { "aws:PrincipalOrgID": "o-a1b2c3d4e5" } },
    };
    const foreign = { Effect: "Allow", Principal: { AWS: "999988887777" }, Action: "sts:AssumeRole" };
    for (const [live, kept] of [
      [[hardened, organization], [hardened]],
      [[hardened, organization, foreign], [hardened]],
      [
        [service, organization, { ...denyAll, Condition: onOthers }],
        [service, { ...denyAll, Condition: onOthers }],
      ],
    ]) {
      const world = await aFixWorld(referenceOf(name));
      world.call({ call: "UpdateAssumeRolePolicy", roleName: name, policyDocument: policy(...(live ?? [])) });
      const fix = fixesOf(await world.read()).get("trust missing");
      assert.ok(fix?.kind === "steps" && fix.steps[0]?.call === "iam:UpdateAssumeRolePolicy");
      assert.deepEqual(JSON.parse(fix.steps[0].document).Statement, kept);
      assert.match(fix.warning ?? "", /removes a Deny/);
      await fixAll(world);
      assert.deepEqual(keys((await world.read()).assessments), []);
    }
  });
});
