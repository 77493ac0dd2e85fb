import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { BatchClient, CreateComputeEnvironmentCommand } from "@aws-sdk/client-batch";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { CreateServiceLinkedRoleCommand, DeleteServiceLinkedRoleCommand } from "@aws-sdk/client-iam";
import { createUsageStore } from "@drift-guard/aws/dynamodb/usage";
import { clientSettings } from "@drift-guard/local/client";
import { decide } from "@drift-guard/policy/decide";
import { parsePolicy } from "@drift-guard/policy/parse";
import { describeEmulated } from "../local/emulated-suite.ts";
import { type GuardedAccount, keyOf, startGuardedAccount, until } from "./account.ts";

const RoleName = "AWSServiceRoleForBatch";
const key = keyOf(RoleName);
const arn = `arn:aws:iam::${key.account}:role/aws-service-role/batch.amazonaws.com/${RoleName}`;
const status = "GetServiceLinkedRoleDeletionStatus";

// moto deletes at once, and so the guard is kept from the task's status for as long as the deletion is to last.
describeEmulated(
  "a service-linked role that goes while AWS Batch uses it, with the bundles that would be deployed",
  () => {
    let account: GuardedAccount;
    before(async () => {
      account = await startGuardedAccount();
    });
    after(() => account.stop());

    const topics = async () =>
      (await account.findings())
        .filter(({ role, state }) => role.name === RoleName && state === "open")
        .map(({ evidence }) =>
          evidence.kind === "note" ? evidence.topic : `${evidence.kind} ${evidence.part}`,
        )
        .toSorted();

    it("is told while it is being deleted, then as gone, and is well when it is made again", async () => {
      const settings = clientSettings(account.local.endpoint);
      if ((await account.roles.read(RoleName)).status === "absent") await makeRole();
      await new BatchClient(settings).send(
        new CreateComputeEnvironmentCommand({
          computeEnvironmentName: "linked",
          type: "UNMANAGED",
          serviceRole: arn,
        }),
      );
      const usage = createUsageStore(new DynamoDBClient(settings), {
        table: account.local.deployment.outputs.Findings ?? "",
      });
      await until(
        "its use known",
        () => usage.usesOf(key),
        (uses) => uses.length > 0,
      );

      const end = account.local.recorder.refuse(({ action }) =>
        action === status ? { code: "Throttling", message: "Rate exceeded" } : undefined,
      );
      await account.iam.send(new DeleteServiceLinkedRoleCommand({ RoleName }));
      await until(
        "both findings",
        topics,
        (found) => found.includes("drift role") && found.includes("linked-role-deletion"),
      );
      end();
      await until("the deletion over", topics, (found) => !found.includes("linked-role-deletion"));
      assert.ok((await topics()).includes("drift role"));

      await makeRole();
      await until("it back", topics, (found) => !found.includes("drift role"));
    });

    it("asked for its task's status what the guard's role allows", async () => {
      const calls = account.local.recorder.listCalls().filter(({ action }) => action === status);
      assert.ok(calls.some(({ failure }) => failure === undefined));
      const reading = await account.roles.read("drift-guard-local-DetectRole");
      assert.ok(reading.status === "present");
      const documents = reading.role.inline.map(({ text }) => parsePolicy(text));
      const request = { action: `iam:${status}`, resource: arn, context: {} };
      assert.equal(decide(request, documents), "allowed");
    });

    const makeRole = () =>
      account.iam.send(new CreateServiceLinkedRoleCommand({ AWSServiceName: "batch.amazonaws.com" }));
  },
);
