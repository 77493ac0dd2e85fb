import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { defineReference } from "@drift-guard/core/reference/reference";
import { account, allow, trustOf } from "../../builders.ts";
import { aFixWorld } from "./carry-out.ts";
import { callsOf, fixAll, fixesOf, keys } from "./drifts.ts";

describe("the fix of a setting or a required boundary", () => {
  const limits = `arn:aws:iam::${account}:policy/limits`;
  const roleName = "Worker";
  const worker = defineReference({
    role: roleName,
    source: { title: "Team wiki", date: "2026-11-22" },
    trust: trustOf("ecs-tasks.amazonaws.com"),
    attachments: [],
    boundary: { arn: limits, document: allow("s3:*") },
    description: "Runs orders",
    maxSession: 7_200,
    tags: { Team: "orders" },
    strictness: {
      trust: "exact",
      attachments: "required",
      floor: "required",
      ceiling: "closed",
      tags: "closed",
    },
  });
  const aWorker = async () => {
    const world = await aFixWorld(worker);
    world.call({ call: "CreatePolicy", policyName: "limits", policyDocument: allow("s3:*") });
    return world;
  };

  it("sets description, maximum session duration, tags and boundary, each after a trial", async () => {
    const world = await aWorker();
    world.call({ call: "TagRole", roleName, tags: [{ key: "more", value: "x" }] });
    const fixes = fixesOf(await world.read());
    assert.deepEqual(
      [...fixes].map(([part, fix]) => [part, ...callsOf(fix)]),
      [
        ["boundary altered", "iam:PutRolePermissionsBoundary"],
        ["description altered", "iam:UpdateRole"],
        ["session altered", "iam:UpdateRole"],
        ["tag:Team altered", "iam:TagRole"],
        ["tag:more altered", "iam:UntagRole"],
      ],
    );
    assert.deepEqual(await fixAll(world), [
      "iam:PutRolePermissionsBoundary",
      "iam:UpdateRole",
      "iam:UpdateRole",
      "iam:TagRole",
      "iam:UntagRole",
    ]);
    assert.deepEqual(keys((await world.read()).assessments), []);
  });

  it("replaces a tag that has the key in another case, and another boundary with a warning", async () => {
    const world = await aWorker();
    await fixAll(world);
    const other = `arn:aws:iam::${account}:policy/other`;
    world.call({ call: "CreatePolicy", policyName: "other", policyDocument: allow("s3:Get*") });
    world.call({ call: "PutRolePermissionsBoundary", roleName, permissionsBoundary: other });
    world.call({ call: "TagRole", roleName, tags: [{ key: "TEAM", value: "x" }] });
    const fix = fixesOf(await world.read()).get("boundary altered");
    assert.match((fix?.kind === "steps" && fix.warning) || "", /replaces the boundary .*other/);
    await fixAll(world);
    assert.deepEqual(keys((await world.read()).assessments), []);
  });

  it("is up to a person where all roles with the boundary share an edited document, or where no command has the text", async () => {
    const world = await aWorker();
    await fixAll(world);
    const policyDocument = allow("s3:Get*");
    world.call({ call: "CreatePolicyVersion", policyArn: limits, policyDocument, setAsDefault: true });
    const edited = fixesOf(await world.read()).get("boundary missing");
    assert.match((edited?.kind === "manual" && edited.why) || "", /share it/);
    const lines = await aFixWorld(defineReference({ ...worker, boundary: "none", description: "a\nb" }));
    assert.equal(fixesOf(await lines.read()).get("description altered")?.kind, "manual");
  });

  it("belongs to the creation of an absent role", async () => {
    const world = await aWorker();
    world.call({ call: "DeleteRole", roleName });
    const [first] = await fixAll(world);
    assert.equal(first, "iam:CreateRole");
    assert.deepEqual(keys((await world.read()).assessments), []);
  });
});
