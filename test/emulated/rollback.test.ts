import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import {
  CreatePolicyVersionCommand,
  DeleteRolePermissionsBoundaryCommand,
  DeleteRolePolicyCommand,
  DetachRolePolicyCommand,
  IAMClient,
  PutRolePermissionsBoundaryCommand,
  PutRolePolicyCommand,
  TagRoleCommand,
  UpdateAssumeRolePolicyCommand,
  UpdateRoleCommand,
} from "@aws-sdk/client-iam";
import { createManagedPolicyReader } from "@drift-guard/aws/iam/live-policy";
import { findRunning } from "@drift-guard/core/model/control";
import { digestEvidence } from "@drift-guard/core/model/identity";
import { managedPart } from "@drift-guard/core/model/part";
import { clientSettings } from "@drift-guard/local/client";
import { unwrap } from "../cli/process.ts";
import { describeEmulated } from "../local/emulated-suite.ts";
import { type GuardedAccount, keyOf, startGuardedAccount, until } from "./account.ts";
import { assertAllowed } from "./function-calls.ts";
import { declareFurtherAnswers } from "./rollback-answers.ts";
import {
  documentOf,
  neededPolicy,
  openedTrust,
  requiredBoundary,
  rollbackConfig,
  sharedPolicy,
  trust,
} from "./rollback-roles.ts";
import { extraPolicy, inHours, openScene, type RollbackScene } from "./rollback-scene.ts";

// moto checks no signature and enforces no policy, and IAM's answers are never lost here: test/aws and test/guard/respond show
// what a wrong signature does, and test/guard/rollback refused calls and lost answers. That each call is allowed is decided
// from the functions' roles.
describeEmulated("Rollback in an emulated account, with the deployed bundles", () => {
  let account: GuardedAccount;
  let scene: RollbackScene;
  before(async () => {
    account = await startGuardedAccount(rollbackConfig, { isNew: true });
    scene = await openScene(account);
  });
  after(() => account.stop());

  it("observes first: people get one report of the first sweep, and no role is written until rollback is enabled", async () => {
    const role = "observed";
    // No event reports it.
    const unseen = new IAMClient(clientSettings(account.local.emulators.moto));
    await unseen.send(new DetachRolePolicyCommand({ RoleName: role, PolicyArn: neededPolicy }));
    await account.sweep();
    await scene.untilTold(role, "simulated", /would carry out: iam:AttachRolePolicy/);
    const reports = await until(
      "the first report",
      async () => account.messages(),
      (all) => all.some((text) => text.includes("First report")),
    );
    assert.equal(reports.length, 1, reports.join("\n"));
    assert.match(reports[0] ?? "", /observed/);
    const { stdout: status } = await scene.onCall.run("rollback", "status", role);
    assert.match(unwrap(status), /observed only until \S+, or until drift-guard rollback enable/);
    assert.deepEqual([await scene.attachedTo(role), await scene.rollbacksOf(role)], [[], []]);

    const enabled = await scene.onCall.run("rollback", "enable");
    assert.deepEqual([enabled.stderr, enabled.code], ["", 0]);
    await scene.untilAttached(role, [neededPolicy]);
    await scene.untilDone(role, 1);
  });

  describe("Each kind of rollback", { concurrency: true }, () => {
    it("attaches a detached managed policy, and detaches an extra one", async () => {
      await scene.detach("attached");
      await scene.untilDone("attached", 1);
      await scene.attach("attached", extraPolicy);
      await scene.untilDone("attached", 2);
      await scene.untilAttached("attached", [neededPolicy]);
      assert.deepEqual(await scene.callsOf("attached"), ["iam:AttachRolePolicy", "iam:DetachRolePolicy"]);
    });

    it("removes an inline policy, restores what is missing, and rewrites a policy that holds a Deny to that Deny", async () => {
      const RoleName = "inlined";
      const put = (PolicyName: string, document: object) =>
        scene.pipeline.iam.send(
          new PutRolePolicyCommand({ RoleName, PolicyName, PolicyDocument: JSON.stringify(document) }),
        );
      await put("extra", documentOf("Allow", "s3:*"));
      await scene.untilDone(RoleName, 1);
      assert.deepEqual(Object.keys(await scene.inlineOf(RoleName)), ["inlined-floor"]);

      await scene.pipeline.iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName: "inlined-floor" }));
      await scene.untilDone(RoleName, 2);
      const { RequiredPermissions } = await scene.inlineOf(RoleName);
      assert.match(JSON.stringify(RequiredPermissions), /"Action":"logs:PutLogEvents"/);

      // The Deny that stays contains the role: nothing would be restored afterwards.
      const deny = documentOf("Deny", "s3:DeleteBucket");
      await put("mixed", {
        ...deny,
        Statement: [...documentOf("Allow", "dynamodb:*").Statement, ...deny.Statement],
      });
      await scene.untilDone(RoleName, 3);
      assert.deepEqual((await scene.inlineOf(RoleName)).mixed, deny);
      assert.deepEqual(await scene.callsOf(RoleName), [
        "iam:DeleteRolePolicy",
        "iam:PutRolePolicy",
        "iam:PutRolePolicy",
      ]);
    });

    it("repairs a trust policy that lets another account in", async () => {
      const RoleName = "trusting";
      await scene.pipeline.iam.send(
        new UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument: JSON.stringify(openedTrust) }),
      );
      await scene.untilDone(RoleName, 1);
      assert.deepEqual(JSON.parse((await scene.read(RoleName)).trust), trust);
    });

    it("restores a permissions boundary, and removes one that no role must have", async () => {
      await scene.pipeline.iam.send(new DeleteRolePermissionsBoundaryCommand({ RoleName: "bounded" }));
      await scene.pipeline.iam.send(
        new PutRolePermissionsBoundaryCommand({
          RoleName: "unbounded",
          PermissionsBoundary: requiredBoundary,
        }),
      );
      await scene.untilDone("bounded", 1);
      await scene.untilDone("unbounded", 1);
      assert.deepEqual(await scene.callsOf("bounded"), ["iam:PutRolePermissionsBoundary"]);
      assert.deepEqual(await scene.callsOf("unbounded"), ["iam:DeleteRolePermissionsBoundary"]);
    });

    it("sets the default version of a customer-managed policy back", async () => {
      await scene.pipeline.iam.send(
        new CreatePolicyVersionCommand({
          PolicyArn: sharedPolicy,
          PolicyDocument: JSON.stringify(documentOf("Allow", "sqs:*")),
          SetAsDefault: true,
        }),
      );
      await scene.untilDone("shared", 1);
      assert.deepEqual(await scene.callsOf("shared"), ["iam:SetDefaultPolicyVersion"]);
      const live = await createManagedPolicyReader(account.iam).readPolicy(sharedPolicy);
      assert.equal(live?.versions.find(({ isDefault }) => isDefault)?.id, "v1");
    });

    it("restores description, maximum session and tags", async () => {
      const RoleName = "described";
      await scene.pipeline.iam.send(
        new UpdateRoleCommand({ RoleName, Description: "Mine", MaxSessionDuration: 43_200 }),
      );
      await scene.untilDone(RoleName, 1);
      const { description, maxSession } = await scene.read(RoleName);
      assert.deepEqual(
        [description, maxSession],
        [
          { observed: true, value: "Runs the nightly jobs" },
          { observed: true, value: 3600 },
        ],
      );
      await scene.pipeline.iam.send(
        new TagRoleCommand({
          RoleName,
          Tags: [
            { Key: "team", Value: "mine" },
            { Key: "extra", Value: "1" },
          ],
        }),
      );
      await scene.untilDone(RoleName, 2);
      assert.deepEqual((await scene.read(RoleName)).tags, { observed: true, value: { team: "batch" } });
      // Description and maximum session are two findings, each with a call of its own.
      assert.deepEqual(await scene.callsOf(RoleName), [
        "iam:TagRole",
        "iam:UntagRole",
        "iam:UpdateRole",
        "iam:UpdateRole",
      ]);
    });
  });

  describe("Rollback and people", { concurrency: true }, () => {
    it("waits for the approval of exactly these steps by another person than the drift's actor", async () => {
      const role = "approved";
      await scene.detach(role);
      const finding = await scene.untilTold(role, "refused", /person's approval/);
      await scene.untilCaused(role);
      assert.deepEqual(await scene.attachedTo(role), []);
      const given = {
        verb: "approve",
        role,
        finding: finding.id,
        evidence: digestEvidence(finding.evidence),
        plan: {
          roleId: (await scene.read(role)).id,
          steps: [
            { role, part: managedPart(neededPolicy), call: "iam:AttachRolePolicy", policyArn: neededPolicy },
          ],
        },
        expires: inHours(1),
      } as const;
      const own = await scene.pipeline.answer(given);
      assert.match(`${own.status}: ${own.reason}`, /refused: .*another person must answer/);
      const approval = await scene.onCall.run("rollback", "approve", finding.id.slice(0, 12), "--yes");
      assert.deepEqual([approval.stderr, approval.code], ["", 0]);
      assert.match(
        unwrap(approval.stdout),
        /1\. iam:AttachRolePolicy: .* \+ .* aws iam attach-role-policy .* Approved until .*assumed-role\/OnCall\/OnCall/,
      );
      await scene.untilAttached(role, [neededPolicy]);
      await scene.untilDone(role, 1);
      const { stdout: status } = await scene.onCall.run("rollback", "status", role);
      assert.match(
        unwrap(status),
        /missing approve.* rollback \S+: done, .* iam:AttachRolePolicy at \S+ done/,
      );
    });

    it("leaves what a person sets again after an undo", async () => {
      const role = "undone";
      await scene.attach(role, extraPolicy);
      await scene.untilDone(role, 1);
      await scene.untilCaused(role);
      const undo = ["rollback", "undo", role, "--reason", "Needed", "--yes"];
      const own = await scene.pipeline.run(...undo);
      assert.match(unwrap(own.stdout), /The guard refused the answer\. .*another person must answer/);
      assert.deepEqual(await scene.attachedTo(role), [neededPolicy]);
      const undone = await scene.onCall.run(...undo);
      assert.deepEqual([undone.stderr, undone.code], ["", 0]);
      assert.match(unwrap(undone.stdout), /is undone: 1 of 1 calls took effect/);
      const suppressed = await until(
        "the finding to be suppressed",
        () => scene.findingsOf(role),
        ([only]) => only?.state === "suppressed",
      );
      assert.equal(suppressed.length, 1);
      assert.deepEqual((await scene.attachedTo(role)).toSorted(), [extraPolicy, neededPolicy].toSorted());
      assert.equal((await scene.rollbacksOf(role)).length, 1);
    });

    it("writes nothing during a pause, and rolls back once it is resumed", async () => {
      const role = "paused";
      const pause = { verb: "pause", role, until: inHours(1), reason: "Maintenance" } as const;
      assert.equal((await scene.onCall.answer(pause)).status, "recorded");
      await scene.detach(role);
      await scene.untilTold(role, "refused", /pause/i);
      assert.deepEqual([await scene.attachedTo(role), await scene.rollbacksOf(role)], [[], []]);
      assert.equal((await scene.onCall.answer({ verb: "resume", role })).status, "recorded");
      await scene.untilAttached(role, [neededPolicy]);
      await until(
        "a message that names who paused",
        async () => account.messages(),
        (all) => all.some((text) => text.includes("Maintenance") && text.includes("OnCall")),
      );
    });

    it("pauses after three rollbacks of a drift that another actor sets again, and names them once", async () => {
      const role = "contested";
      for (const count of [1, 2, 3]) {
        await scene.detach(role);
        await scene.untilDone(role, count);
      }
      const finding = await scene.untilTold(role, "contested", /Pipeline/);
      await scene.detach(role);
      await until(
        "the fourth drift to be seen",
        async () => (await account.control.load(keyOf(role))).nextTry,
        (due) => due !== undefined,
      );
      assert.deepEqual(await scene.attachedTo(role), []);
      assert.equal((await scene.rollbacksOf(role)).length, 3);
      const history = await scene.historyOf(finding);
      assert.equal(history.filter(({ kind }) => kind === "contested").length, 1);
      assert.ok(history.filter(({ kind }) => kind === "recurred").length >= 2);
    });

    declareFurtherAnswers(() => scene);
  });

  it("continues a rollback that was cut off after a call, and calls nobody a thief", async () => {
    const role = "interrupted";
    let isCutOff = false;
    const end = account.local.recorder.refuse(({ service, action, parameters }, { arn }) => {
      if (!arn.includes("drift-guard-local-rollback")) return undefined;
      if (parameters.roleName === role && action === "AttachRolePolicy") isCutOff = true;
      return isCutOff && service === "dynamodb"
        ? { code: "AccessDeniedException", message: "The function was stopped" }
        : undefined;
    });
    await scene.detach(role);
    await scene.untilAttached(role, [neededPolicy]);
    const [cutOff] = await scene.rollbacksOf(role);
    assert.equal(cutOff?.status, "running");
    assert.deepEqual(
      cutOff.steps.map(({ outcome }) => outcome),
      [undefined],
    );
    end();

    // The hold of the stopped invocation ends 150 seconds after its last write: that time is moved into the past.
    const control = await account.control.load(keyOf(role));
    const running = findRunning(control);
    assert.ok(running);
    const abandoned = { ...running, runner: { ...running.runner, until: inHours(-1) } };
    await account.control.commit({ before: control, after: { ...control, rollbacks: [abandoned] } });
    await scene.request({ continue: { role, rollbackId: running.id } });

    const [continued] = await scene.untilDone(role, 1);
    assert.deepEqual(
      [continued?.id, continued?.steps.map(({ outcome }) => outcome?.status)],
      [running.id, ["observed"]],
    );
  });

  it("makes only calls that the roles of its functions allow, on the resources that the calls name", () =>
    assertAllowed(account));

  it("recognises every call of its own", async () => {
    await account.sweep();
    const impersonated = (await account.findings()).flatMap(({ role, evidence }) =>
      evidence.kind === "impersonation" ? [role.name] : [],
    );
    assert.deepEqual(impersonated, ["stolen"], "the role of the test in which somebody else calls");
  });
});
