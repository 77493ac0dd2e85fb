import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { scenes } from "drift-guard/demonstration/scenes";
import { setStage } from "drift-guard/demonstration/stage";
import { findFaults } from "drift-guard/demonstration/story";
import { runCli, runProcess } from "./process.ts";

describe("the demonstration", () => {
  it("prints for each scene who did what, the drift, its severity, the plan and the finding's path", async () => {
    const { code, stdout, stderr } = await runProcess(["demo"]);
    assert.equal(stderr, "");
    assert.equal(code, 0);
    for (const { title } of scenes) assert.ok(stdout.includes(title), title);
    assert.match(stdout, /iam:DetachRolePolicy, by arn:aws:sts::123456789012:assumed-role\/deploy/);
    assert.match(stdout, /CRITICAL Policy AWSBatchServiceRole is missing/);
    assert.match(stdout, /- autoscaling:CreateAutoScalingGroup and 60 more on \*/);
    assert.match(stdout, /plan +1\. attach arn:aws:iam::aws:policy\/service-role\/AWSBatchServiceRole/);
    assert.match(stdout, /CRITICAL AWS account \d+ can assume ecsTaskExecutionRole/);
    assert.match(stdout, /\+ sts:AssumeRole by AWS arn:aws:iam::999988887777:root/);
    assert.match(stdout, /plan +1\. replace the trust policy of ecsTaskExecutionRole/);
    assert.match(stdout, /CRITICAL Inline policy maintenance gives/);
    assert.match(stdout, /\+ iam:\*/);
    assert.match(stdout, /plan +1\. delete the inline policy maintenance/);
    assert.match(stdout, /refused: UnmodifiableEntity/);
    assert.match(stdout, /plan +none: rollback of AWSServiceRoleForBatch is off/);
    assert.equal(stdout.match(/The finding is resolved after two clean\s+reads\./g)?.length, 3);
    assert.equal(stdout.match(/second clean recheck\. Resolved\./g)?.length, 4);
    assert.equal(stdout.match(/opened → rolled-back → resolved/g)?.length, 3);
    assert.equal(stdout.match(/opened → resolved/g)?.length, 1);
    assert.match(stdout, /All 3 roles match their references again\.\n$/);
  });

  it("fits on two pages", async () => {
    const { stdout } = await runCli(["demo"]);
    assert.ok(stdout.split("\n").length <= 100);
  });

  it("detects a scene that does not end as expected", async () => {
    const stage = await setStage("2026-11-22T12:00:00Z");
    const [scene] = scenes;
    assert.ok(scene);
    const clean = await stage.checkRoles();
    const happenings = await stage.perform(scene.call, scene.by);
    assert.deepEqual(findFaults(scene, happenings, await stage.checkRoles()), []);
    assert.match(
      findFaults({ ...scene, path: ["opened", "resolved"] }, happenings, clean).join(),
      /path was opened, rolled-back, resolved instead of opened, resolved/,
    );
    const unplanned = happenings.filter(({ kind }) => kind !== "rollback");
    assert.match(findFaults(scene, unplanned, clean).join(), /made 1 calls for 0 planned steps/);
    assert.match(findFaults(scene, [], clean).join(), /0 findings instead of 1/);
    const drifted = clean.map((verdict) => ({ ...verdict, status: "drift" as const }));
    assert.match(findFaults(scene, happenings, drifted).join(), /AWSBatchServiceRole ended as drift/);
    stage.close();
  });
});
