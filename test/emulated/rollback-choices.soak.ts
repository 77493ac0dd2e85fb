import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { CreateRoleCommand, DeleteRoleCommand, UpdateAssumeRolePolicyCommand } from "@aws-sdk/client-iam";
import { ControlConflictError } from "@drift-guard/core/errors";
import { describeEmulated } from "../local/emulated-suite.ts";
import { type GuardedAccount, keyOf, startGuardedAccount, until } from "./account.ts";
import { assertAllowed } from "./function-calls.ts";
import { neededPolicy, openedTrust, rollbackConfig, trust } from "./rollback-roles.ts";
import { extraPolicy, inHours, openScene, type RollbackScene } from "./rollback-scene.ts";

const administrator = "arn:aws:iam::aws:policy/AdministratorAccess";

describeEmulated(
  "What the owner chooses for a rollback, and a role made anew, with the deployed bundles",
  () => {
    let guarded: GuardedAccount;
    let opened: RollbackScene;
    before(async () => {
      guarded = await startGuardedAccount(rollbackConfig);
      opened = await openScene(guarded);
    });
    after(() => guarded.stop());
    const scene = () => opened;

    describe("Each choice", { concurrency: true }, () => {
      it("records what automatic would have done in simulation, and writes nothing", async () => {
        const { detach, attach, attachedTo, findingsOf, historyOf, rollbacksOf } = scene();
        const role = "simulated";
        await detach(role);
        await attach(role, extraPolicy);
        const histories = await until(
          "both simulations",
          async () => Promise.all((await findingsOf(role)).map(historyOf)),
          (all) =>
            all.length === 2 && all.every((history) => history.some(({ kind }) => kind === "simulated")),
        );
        const simulated = histories.flatMap((history) => history.filter(({ kind }) => kind === "simulated"));
        assert.deepEqual(
          simulated.map(({ note, steps }) => [note, steps?.map(({ call }) => call)]).toSorted(),
          ["iam:AttachRolePolicy", "iam:DetachRolePolicy"].map((call) => [
            `A rollback would carry out: ${call}.`,
            [call],
          ]),
        );
        assert.deepEqual(await attachedTo(role), [extraPolicy]);
        assert.deepEqual(await rollbacksOf(role), []);
      });

      it("restores nothing outside the windows, and removes excess of severity CRITICAL all the same", async () => {
        const { detach, attach, attachedTo, untilTold, untilDone, callsOf } = scene();
        const role = "windowed";
        await detach(role);
        await untilTold(role, "refused", /The next one opens at/);
        await attach(role, administrator);
        await untilDone(role, 1);
        assert.deepEqual(await callsOf(role), ["iam:DetachRolePolicy"]);
        assert.deepEqual(await attachedTo(role), []);
      });

      it("ends all sessions before it restores where the owner chose so, and lets new ones in again afterwards", async () => {
        const { account, pipeline, detach, inlineOf, rollbacksOf, untilDone, untilAttached, request } =
          scene();
        const role = "revoked";
        // A late report of the opened trust ends a rollback between its steps; the next one starts then.
        const untilLast = (calls: readonly string[]) =>
          until(
            `a rollback of ${role} with ${calls.join(", ")}`,
            async () => (await rollbacksOf(role)).at(-1),
            (last) =>
              last?.status === "done" &&
              last.told === true &&
              isDeepStrictEqual([...new Set(last.plan.steps.map(({ call }) => call))], calls),
          );
        await pipeline.iam.send(
          new UpdateAssumeRolePolicyCommand({ RoleName: role, PolicyDocument: JSON.stringify(openedTrust) }),
        );
        await untilDone(role, 1);
        await detach(role);
        await untilLast(["iam:PutRolePolicy", "iam:AttachRolePolicy"]);
        await untilAttached(role, [neededPolicy]);
        const denies = Object.entries(await inlineOf(role));
        assert.ok(denies.length > 0);
        for (const [name, document] of denies) {
          assert.match(name, /^DriftGuardRevokedSessions-/);
          assert.match(JSON.stringify(document), /"Effect":"Deny".*"DateLessThan":\{"aws:TokenIssueTime":/);
        }

        // The sessions end after an hour: that time is moved into the past, again after a report that came late.
        const passAnHour = async () => {
          const control = await account.control.load(keyOf(role));
          const { enrolment } = control;
          assert.ok(enrolment?.exposure);
          if (Date.parse(enrolment.exposure.at) < Date.parse(inHours(-2))) return;
          const rollbacks = control.rollbacks.map((each) => ({
            ...each,
            plan: {
              ...each.plan,
              steps: each.plan.steps.map((step) =>
                step.revokesUntil === undefined ? step : { ...step, revokesUntil: inHours(-0.01) },
              ),
            },
          }));
          const exposure = { ...enrolment.exposure, at: inHours(-24) };
          const after = { ...control, rollbacks, enrolment: { ...enrolment, exposure } };
          try {
            await account.control.commit({ before: control, after });
          } catch (error) {
            if (error instanceof ControlConflictError) return;
            throw error;
          }
          await request({ retry: { role, due: inHours(0), findings: [] } });
        };
        await until(
          "the policy that ended the sessions to be removed",
          async () => {
            await passAnHour();
            return (await rollbacksOf(role)).at(-1);
          },
          (last) =>
            last?.status === "done" && last.plan.steps.every(({ call }) => call === "iam:DeleteRolePolicy"),
        );
        await until(
          "no policy to be left",
          () => inlineOf(role),
          (left) => Object.keys(left).length === 0,
        );
      });

      it("asks before it restores a role that was made anew, and names who made it", async () => {
        const { pipeline, detach, attachedTo, findingsOf, rollbacksOf } = scene();
        const RoleName = "remade";
        await detach(RoleName);
        await pipeline.iam.send(new DeleteRoleCommand({ RoleName }));
        await pipeline.iam.send(
          new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: JSON.stringify(trust) }),
        );
        await until(
          "the finding to say who made the role anew",
          () => findingsOf(RoleName),
          (all) =>
            all.some(
              (finding) =>
                finding.state === "open" &&
                /deleted and made again by .*Pipeline.*A person must approve/.test(finding.refusal ?? ""),
            ),
        );
        assert.deepEqual(await attachedTo(RoleName), []);
        assert.deepEqual(await rollbacksOf(RoleName), []);
      });
    });

    it("makes only calls that the roles of its functions allow", () => assertAllowed(guarded));
  },
);
