import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { defineReference } from "@drift-guard/core/reference/reference";
import { account, allow } from "../../builders.ts";
import { referenceOf } from "../watched-roles.ts";
import { aFixWorld } from "./carry-out.ts";
import {
  allowing,
  denying,
  execution,
  fixAll,
  fixesOf,
  get,
  needing,
  policy,
  putInline,
  secretOf,
} from "./drifts.ts";

describe("the fix of a drift that is a lack of permissions", () => {
  it("is not offered where a Deny blocks what is needed, and says what a person must do", async () => {
    const world = await aFixWorld(referenceOf(execution), needing("db"));
    world.call(putInline(execution, "stop", policy(denying(get))));
    world.call(putInline(execution, "needs", policy(allowing(get, secretOf("db")))));
    const fixes = fixesOf(await world.read());
    const fix = fixes.get("permissions missing");
    assert.ok(fix?.kind === "manual");
    assert.match(fix.why, /a Deny/);
  });

  it("says what is unknown of the needs, before it writes the known ones or deletes what may be needed", async () => {
    const group = `arn:aws:logs:us-east-1:${account}:log-group:/my/group:*`;
    const many = needing(...Array.from({ length: 520 }, (_, index) => `team/db${index}`));
    const world = await aFixWorld(referenceOf(execution), many);
    world.call(putInline(execution, "logs", allow("logs:CreateLogGroup", group)));
    const fixes = fixesOf(await world.read());
    const missing = fixes.get("permissions missing");
    assert.ok(missing?.kind === "steps");
    assert.match(
      missing.warning ?? "",
      /may not be enough.*more than 500.*20 of their needs were not looked at/,
    );
    const excess = fixes.get("inline:logs excess");
    assert.ok(excess?.kind === "steps");
    assert.match(excess.warning ?? "", /20 of their needs were not looked at.*stop working/);
  });

  it("says that the policy of the needs is too large for IAM, and what a person can do", async () => {
    const world = await aFixWorld(referenceOf(execution), needing("db"));
    const Resource = [..."abcde"].map((name) => secretOf(name.repeat(1940)));
    world.call(putInline(execution, "kept", policy({ ...allowing(get), Resource })));
    const fix = fixesOf(await world.read()).get("permissions missing");
    assert.ok(fix?.kind === "manual");
    assert.match(fix.why, /IAM takes at most \d+ here.*another execution role/);
  });

  it("attaches or writes what a floor requires", async () => {
    const { attachments, ...rest } = referenceOf(execution);
    const floor = { document: JSON.parse(allow("s3:GetObject", "arn:aws:s3:::b/*")), source: rest.source };
    const reference = defineReference({
      ...rest,
      trust: JSON.parse(rest.trust),
      attachments: attachments.map((one) => ({ ...one, document: JSON.parse(one.document) })),
      floor,
      strictness: { trust: "exact", attachments: "off", floor: "required", ceiling: "open" },
    });
    const world = await aFixWorld(reference);
    assert.deepEqual(await fixAll(world), ["iam:PutRolePolicy"]);
    for (const { arn } of attachments) {
      world.call({ call: "DetachRolePolicy", roleName: execution, policyArn: arn });
    }
    world.call({ call: "DeleteRolePolicy", roleName: execution, policyName: "RequiredPermissions" });
    assert.deepEqual(await fixAll(world), ["iam:AttachRolePolicy", "iam:PutRolePolicy"]);
  });
});
