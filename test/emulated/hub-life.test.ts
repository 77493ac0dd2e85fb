import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { DetachRolePolicyCommand } from "@aws-sdk/client-iam";
import { BatchUpdateFindingsCommand, SecurityHubClient } from "@aws-sdk/client-securityhub";
import type { HubWorkflow } from "@drift-guard/core/model/hub";
import { clientSettings } from "@drift-guard/local/client";
import { batchServicePolicy } from "../builders.ts";
import { describeEmulated } from "../local/emulated-suite.ts";
import { type GuardedAccount, keyOf, startGuardedAccount, until } from "./account.ts";
import { assertAllowed } from "./function-calls.ts";

describeEmulated("A finding in Security Hub, with the deployed bundles", () => {
  let account: GuardedAccount;
  before(async () => {
    account = await startGuardedAccount();
  });
  after(() => account.stop());

  const drift = async () =>
    (await account.findings()).find(
      ({ evidence, role }) => evidence.kind === "drift" && role.name === "AWSBatchServiceRole",
    );
  const inHub = async () => (await account.hubFindings()).find(({ Id }) => Id?.includes("drift-guard/"));
  const causeDrift = () =>
    account.iam.send(
      new DetachRolePolicyCommand({ RoleName: "AWSBatchServiceRole", PolicyArn: batchServicePolicy }),
    );
  const rollbacks = async () => (await account.control.load(keyOf("AWSBatchServiceRole"))).rollbacks;
  const answer = async (Status: HubWorkflow) => {
    const { Id, ProductArn } = (await inHub()) ?? {};
    const hub = new SecurityHubClient(clientSettings(account.local.endpoint));
    await hub.send(
      new BatchUpdateFindingsCommand({ FindingIdentifiers: [{ Id, ProductArn }], Workflow: { Status } }),
    );
  };
  const messagesWith = (text: RegExp) => account.messages().filter((message) => text.test(message));
  const archived = () =>
    until(
      "the finding to be archived",
      inHub,
      (seen) => seen?.RecordState === "ARCHIVED" && seen.Compliance?.Status === "PASSED",
    );

  it("is ARCHIVED and PASSED once the drift is rolled back and resolved", async () => {
    await causeDrift();
    await until("the finding in the hub", inHub, (seen) => seen !== undefined);
    const seen = await archived();
    assert.equal(seen?.Workflow?.Status, "NEW");
    assert.notEqual((await drift())?.severity, "CRITICAL");
  });

  it("is quiet while suppressed there, and people are told once; a rollback goes on, and is told", async () => {
    await answer("SUPPRESSED");
    await until(
      "the message about the suppression",
      async () => messagesWith(/was suppressed in Security Hub/),
      (messages) => messages.length > 0,
    );
    const told = account.messages().length;
    await causeDrift();
    await until(
      "the second rollback",
      rollbacks,
      (all) => all.filter(({ status }) => status === "done").length === 2,
    );
    await until(
      "the finding to return",
      drift,
      (finding) => finding?.state === "resolved" && finding.seq > 3,
    );
    const seen = await archived();
    assert.equal(seen?.Workflow?.Status, "SUPPRESSED");
    await until(
      "the message about the rollback",
      async () => account.messages().slice(told),
      (messages) => messages.length > 0,
    );
    assert.equal(messagesWith(/was suppressed in Security Hub/).length, 1);
  });

  it("is NEW again when it returns after a user resolved it there", async () => {
    await answer("RESOLVED");
    await until("the hub's answer to be taken", inHub, (seen) => seen?.Workflow?.Status === "RESOLVED");
    await causeDrift();
    // By the guard's update, or by the import alone where a later transition has overtaken the return.
    await until("the workflow NEW", inHub, (seen) => seen?.Workflow?.Status === "NEW");
  });

  it("made each function call only what its role allows", () => assertAllowed(account));
});
