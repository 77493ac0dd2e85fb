import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import {
  AttachRolePolicyCommand,
  CreatePolicyVersionCommand,
  DeleteRolePermissionsBoundaryCommand,
  DeleteRolePolicyCommand,
  DetachRolePolicyCommand,
  PutRolePermissionsBoundaryCommand,
  PutRolePolicyCommand,
  TagRoleCommand,
  UpdateAssumeRolePolicyCommand,
  UpdateRoleCommand,
} from "@aws-sdk/client-iam";
import { SQSClient } from "@aws-sdk/client-sqs";
import { createRollbackQueue } from "@drift-guard/aws/delivery/sqs";
import { createManagedPolicyReader } from "@drift-guard/aws/iam/live-policy";
import { findRunning } from "@drift-guard/core/model/control";
import type { Finding } from "@drift-guard/core/model/finding";
import { digestEvidence } from "@drift-guard/core/model/identity";
import { instantOf } from "@drift-guard/core/model/instant";
import { managedPart } from "@drift-guard/core/model/part";
import type { Role } from "@drift-guard/core/model/role";
import { clientSettings } from "@drift-guard/local/client";
import { describeEmulated } from "../local/emulated-suite.ts";
import { type GuardedAccount, keyOf, startGuardedAccount, until } from "./account.ts";
import { assertAllowed } from "./function-calls.ts";
import { becomePerson, type Person } from "./person.ts";
import {
  documentOf,
  neededPolicy,
  requiredBoundary,
  rollbackConfig,
  sharedPolicy,
  trust,
} from "./rollback-roles.ts";

const extraPolicy = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess";
const inHours = (hours: number) => instantOf(new Date(Date.now() + hours * 3_600_000));

// moto checks no signature and enforces no policy, and IAM's answers are never lost here: test/aws and test/guard/respond show
// what a wrong signature does, and test/guard/rollback refused calls and lost answers. That each call is allowed is decided
// from the functions' roles.
describeEmulated("Rollback in an emulated account, with the deployed bundles", () => {
  let account: GuardedAccount;
  /** Makes the drifts; another person than the one who answers. */
  let pipeline: Person;
  let onCall: Person;
  before(async () => {
    account = await startGuardedAccount(rollbackConfig);
    pipeline = await becomePerson(account, "Pipeline");
    onCall = await becomePerson(account, "OnCall");
  });
  after(() => account.stop());

  const read = async (name: string): Promise<Role> => {
    const reading = await account.roles.read(name);
    assert.ok(reading.status === "present", `${name} exists`);
    return reading.role;
  };
  const attachedTo = async (name: string) => (await read(name)).attached.map(({ arn }) => arn);
  const inlineOf = async (name: string) =>
    Object.fromEntries((await read(name)).inline.map((policy) => [policy.name, JSON.parse(policy.text)]));
  const rollbacksOf = async (name: string) => (await account.control.load(keyOf(name))).rollbacks;
  const untilAttached = (name: string, expected: readonly string[]) =>
    until(
      `${name} to have ${expected.join(", ") || "no policy"}`,
      () => attachedTo(name),
      (arns) => JSON.stringify(arns.toSorted()) === JSON.stringify(expected.toSorted()),
    );
  const untilDone = (name: string, count: number) =>
    until(
      `${count} rollbacks of ${name} that people know of`,
      () => rollbacksOf(name),
      (all) => all.length === count && all.every((each) => each.status === "done" && each.told === true),
    );
  const callsOf = async (name: string) =>
    (await rollbacksOf(name)).flatMap(({ plan }) => plan.steps.map(({ call }) => call)).toSorted();
  const findingsOf = async (name: string) =>
    (await account.findings()).filter(
      ({ role, evidence }) => role.name === name && evidence.kind === "drift",
    );
  const historyOf = ({ role, id }: Finding) => account.store.history(role, id);

  /** Waits for a transition of the role's only drift whose note matches. Returns the finding. */
  async function untilTold(name: string, kind: string, note: RegExp): Promise<Finding> {
    const seen = await until(
      `${name} to be ${kind}`,
      async () => {
        const findings = await findingsOf(name);
        return Promise.all(findings.map(async (finding) => ({ finding, history: await historyOf(finding) })));
      },
      (all) =>
        all.some(({ history }) => history.some((each) => each.kind === kind && note.test(each.note ?? ""))),
    );
    assert.equal(seen.length, 1, `${name} has one drift`);
    assert.ok(seen[0]);
    return seen[0].finding;
  }

  const detach = (name: string, { iam }: { iam: Person["iam"] } = pipeline) =>
    iam.send(new DetachRolePolicyCommand({ RoleName: name, PolicyArn: neededPolicy }));
  const attach = (name: string, PolicyArn: string, { iam }: { iam: Person["iam"] } = pipeline) =>
    iam.send(new AttachRolePolicyCommand({ RoleName: name, PolicyArn }));

  describe("Each kind of rollback", { concurrency: true }, () => {
    it("attaches a detached managed policy, and detaches an extra one", async () => {
      await detach("attached");
      await untilDone("attached", 1);
      await attach("attached", extraPolicy);
      await untilDone("attached", 2);
      await untilAttached("attached", [neededPolicy]);
      assert.deepEqual(await callsOf("attached"), ["iam:AttachRolePolicy", "iam:DetachRolePolicy"]);
    });

    it("removes an inline policy, restores what is missing, and rewrites a policy that holds a Deny to that Deny", async () => {
      const RoleName = "inlined";
      const put = (PolicyName: string, document: object) =>
        pipeline.iam.send(
          new PutRolePolicyCommand({ RoleName, PolicyName, PolicyDocument: JSON.stringify(document) }),
        );
      await put("extra", documentOf("Allow", "s3:*"));
      await untilDone(RoleName, 1);
      assert.deepEqual(Object.keys(await inlineOf(RoleName)), ["inlined-floor"]);

      await pipeline.iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName: "inlined-floor" }));
      await untilDone(RoleName, 2);
      assert.deepEqual(
        (await inlineOf(RoleName)).RequiredPermissions.Statement[0].Action,
        "logs:PutLogEvents",
      );

      // The Deny that stays contains the role: nothing would be restored afterwards.
      const deny = documentOf("Deny", "s3:DeleteBucket");
      await put("mixed", {
        ...deny,
        Statement: [...documentOf("Allow", "dynamodb:*").Statement, ...deny.Statement],
      });
      await untilDone(RoleName, 3);
      assert.deepEqual((await inlineOf(RoleName)).mixed, deny);
      assert.deepEqual(await callsOf(RoleName), [
        "iam:DeleteRolePolicy",
        "iam:PutRolePolicy",
        "iam:PutRolePolicy",
      ]);
    });

    it("repairs a trust policy that lets another account in", async () => {
      const RoleName = "trusting";
      const opened = {
        ...trust,
        Statement: [
          ...trust.Statement,
          { Effect: "Allow", Principal: { AWS: "arn:aws:iam::999988887777:root" }, Action: "sts:AssumeRole" },
        ],
      };
      await pipeline.iam.send(
        new UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument: JSON.stringify(opened) }),
      );
      await untilDone(RoleName, 1);
      assert.deepEqual(JSON.parse((await read(RoleName)).trust), trust);
    });

    it("restores a permissions boundary, and removes one that no role must have", async () => {
      await pipeline.iam.send(new DeleteRolePermissionsBoundaryCommand({ RoleName: "bounded" }));
      await pipeline.iam.send(
        new PutRolePermissionsBoundaryCommand({
          RoleName: "unbounded",
          PermissionsBoundary: requiredBoundary,
        }),
      );
      await untilDone("bounded", 1);
      await untilDone("unbounded", 1);
      assert.deepEqual(await callsOf("bounded"), ["iam:PutRolePermissionsBoundary"]);
      assert.deepEqual(await callsOf("unbounded"), ["iam:DeleteRolePermissionsBoundary"]);
    });

    it("sets the default version of a customer-managed policy back", async () => {
      await pipeline.iam.send(
        new CreatePolicyVersionCommand({
          PolicyArn: sharedPolicy,
          PolicyDocument: JSON.stringify(documentOf("Allow", "sqs:*")),
          SetAsDefault: true,
        }),
      );
      await untilDone("shared", 1);
      assert.deepEqual(await callsOf("shared"), ["iam:SetDefaultPolicyVersion"]);
      const live = await createManagedPolicyReader(account.iam).readPolicy(sharedPolicy);
      assert.equal(live?.versions.find(({ isDefault }) => isDefault)?.id, "v1");
    });

    it("restores description, maximum session and tags", async () => {
      const RoleName = "described";
      await pipeline.iam.send(
        new UpdateRoleCommand({ RoleName, Description: "Mine", MaxSessionDuration: 43_200 }),
      );
      await untilDone(RoleName, 1);
      const { description, maxSession } = await read(RoleName);
      assert.deepEqual(
        [description, maxSession],
        [
          { observed: true, value: "Runs the nightly jobs" },
          { observed: true, value: 3600 },
        ],
      );
      await pipeline.iam.send(
        new TagRoleCommand({
          RoleName,
          Tags: [
            { Key: "team", Value: "mine" },
            { Key: "extra", Value: "1" },
          ],
        }),
      );
      await untilDone(RoleName, 2);
      assert.deepEqual((await read(RoleName)).tags, { observed: true, value: { team: "batch" } });
      // Description and maximum session are two findings, each with a call of its own.
      assert.deepEqual(await callsOf(RoleName), [
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
      await detach(role);
      const finding = await untilTold(role, "refused", /person's approval/);
      await until(
        "the report of who made the change",
        async () => (await account.control.load(keyOf(role))).causes,
        (causes) => causes.some(({ findingId }) => findingId === finding.id),
      );
      assert.deepEqual(await attachedTo(role), []);
      const given = {
        verb: "approve",
        role,
        finding: finding.id,
        evidence: digestEvidence(finding.evidence),
        plan: {
          roleId: (await read(role)).id,
          steps: [
            { role, part: managedPart(neededPolicy), call: "iam:AttachRolePolicy", policyArn: neededPolicy },
          ],
        },
        expires: inHours(1),
      } as const;
      const own = await pipeline.answer(given);
      assert.match(`${own.status}: ${own.reason}`, /refused: .*another person must answer/);
      assert.equal((await onCall.answer(given)).status, "recorded");
      await untilAttached(role, [neededPolicy]);
      await untilDone(role, 1);
    });

    it("leaves what a person sets again after an undo", async () => {
      const role = "undone";
      await attach(role, extraPolicy);
      await untilDone(role, 1);
      const [rollback] = await rollbacksOf(role);
      const [finding] = await findingsOf(role);
      assert.ok(rollback && finding);
      const accepts = [{ finding: finding.id, evidence: digestEvidence(finding.evidence) }];
      const undo = {
        verb: "undo",
        role,
        rollback: rollback.id,
        accepts,
        expires: inHours(24),
        reason: "Needed",
      };
      assert.equal((await onCall.answer({ ...undo, verb: "undo" })).status, "recorded");
      await attach(role, extraPolicy, onCall);
      const suppressed = await until(
        "the finding to be suppressed",
        () => findingsOf(role),
        ([only]) => only?.state === "suppressed",
      );
      assert.equal(suppressed.length, 1);
      assert.deepEqual((await attachedTo(role)).toSorted(), [extraPolicy, neededPolicy].toSorted());
      assert.equal((await rollbacksOf(role)).length, 1);
    });

    it("writes nothing during a pause, and rolls back once it is resumed", async () => {
      const role = "paused";
      const pause = { verb: "pause", role, until: inHours(1), reason: "Maintenance" } as const;
      assert.equal((await onCall.answer(pause)).status, "recorded");
      await detach(role);
      await untilTold(role, "refused", /pause/i);
      assert.deepEqual([await attachedTo(role), await rollbacksOf(role)], [[], []]);
      assert.equal((await onCall.answer({ verb: "resume", role })).status, "recorded");
      await untilAttached(role, [neededPolicy]);
      await until(
        "a message that names who paused",
        async () => account.messages(),
        (all) => all.some((text) => text.includes("Maintenance") && text.includes("OnCall")),
      );
    });

    it("pauses after three rollbacks of a drift that another actor sets again, and names them once", async () => {
      const role = "contested";
      for (const count of [1, 2, 3]) {
        await detach(role);
        await untilDone(role, count);
      }
      const finding = await untilTold(role, "contested", /Pipeline/);
      await detach(role);
      await until(
        "the fourth drift to be seen",
        async () => (await account.control.load(keyOf(role))).nextTry,
        (due) => due !== undefined,
      );
      assert.deepEqual(await attachedTo(role), []);
      assert.equal((await rollbacksOf(role)).length, 3);
      const history = await historyOf(finding);
      assert.equal(history.filter(({ kind }) => kind === "contested").length, 1);
      assert.ok(history.filter(({ kind }) => kind === "recurred").length >= 2);
    });
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
    await detach(role);
    await untilAttached(role, [neededPolicy]);
    const [cutOff] = await rollbacksOf(role);
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
    await requestContinuation(account, role, running.id);

    const [continued] = await untilDone(role, 1);
    assert.deepEqual(
      [continued?.id, continued?.steps.map(({ outcome }) => outcome?.status)],
      [running.id, ["observed"]],
    );
  });

  it("makes only calls that the roles of its functions allow, on the resources that the calls name", () =>
    assertAllowed(account));

  it("recognises every call of its own", async () => {
    await account.sweep();
    const kinds = (await account.findings()).map(({ evidence }) => evidence.kind);
    assert.deepEqual(
      kinds.filter((kind) => kind === "impersonation"),
      [],
    );
  });
});

/** Sends the message that follows a rollback, which otherwise comes when the hold on it ends. */
async function requestContinuation(
  { local }: GuardedAccount,
  role: string,
  rollbackId: string,
): Promise<void> {
  const settings = clientSettings(local.endpoint);
  const queue = createRollbackQueue(new SQSClient(settings), local.deployment.outputs.Rollback ?? "");
  await queue.send({ continue: { role, rollbackId } }, 0);
}
