import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BatchClient, CreateComputeEnvironmentCommand } from "@aws-sdk/client-batch";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { CreateServiceLinkedRoleCommand, DeleteServiceLinkedRoleCommand } from "@aws-sdk/client-iam";
import { createUsageStore } from "@drift-guard/aws/dynamodb/usage";
import { clientSettings } from "@drift-guard/local/client";
import { decide } from "@drift-guard/policy/decide";
import { parsePolicy } from "@drift-guard/policy/parse";
import { type GuardedAccount, keyOf, until } from "./account.ts";
import { roleOfFunction } from "./function-calls.ts";
import { listDocuments } from "./permission.ts";

const RoleName = "AWSServiceRoleForBatch";
const key = keyOf(RoleName);
const arn = `arn:aws:iam::${key.account}:role/aws-service-role/batch.amazonaws.com/${RoleName}`;
const status = "GetServiceLinkedRoleDeletionStatus";

/**
 * Declares the tests of a service-linked role that is deleted while AWS Batch uses it. moto deletes at once, so the task's
 * status is refused for as long as the deletion should last.
 */
export function declareLinkedRoleDeletion(open: () => GuardedAccount): void {
  describe("A service-linked role that is deleted while AWS Batch uses it", () => {
    const topics = async () =>
      (await open().findings())
        .filter(({ role, state }) => role.name === RoleName && state === "open")
        .map(({ evidence }) =>
          evidence.kind === "note" ? evidence.topic : `${evidence.kind} ${evidence.part}`,
        )
        .toSorted();

    it("opens a finding while it is being deleted, another once it is deleted, and resolves both when it exists again", async () => {
      const settings = clientSettings(open().local.endpoint);
      if ((await open().roles.read(RoleName)).status === "absent") await makeRole();
      await new BatchClient(settings).send(
        new CreateComputeEnvironmentCommand({
          computeEnvironmentName: "linked",
          type: "UNMANAGED",
          serviceRole: arn,
        }),
      );
      const usage = createUsageStore(new DynamoDBClient(settings), {
        table: open().local.deployment.outputs.Findings ?? "",
      });
      await until(
        "its use to be recorded",
        () => usage.usesOf(key),
        (uses) => uses.length > 0,
      );

      const end = open().local.recorder.refuse(({ action }) =>
        action === status ? { code: "Throttling", message: "Rate exceeded" } : undefined,
      );
      await open().iam.send(new DeleteServiceLinkedRoleCommand({ RoleName }));
      await until(
        "both findings",
        topics,
        (found) => found.includes("drift role") && found.includes("linked-role-deletion"),
      );
      end();
      await until(
        "the deletion finding to be resolved",
        topics,
        (found) => !found.includes("linked-role-deletion"),
      );
      assert.ok((await topics()).includes("drift role"));

      await makeRole();
      await until("the role to be present", topics, (found) => !found.includes("drift role"));
    });

    it("reads the task's status with the permissions of the guard's role", async () => {
      const calls = open()
        .local.recorder.listCalls()
        .filter(({ action }) => action === status);
      assert.ok(calls.some(({ failure }) => failure === undefined));
      const documents = listDocuments(await roleOfFunction(open(), "detect")).map((text) =>
        parsePolicy(text),
      );
      const detect = `arn:aws:lambda:us-east-1:${key.account}:function:drift-guard-local-detect`;
      const context = { "lambda:sourcefunctionarn": detect };
      const request = { action: `iam:${status}`, resource: arn, context };
      assert.equal(decide(request, documents), "allowed");
    });

    const makeRole = () =>
      open().iam.send(new CreateServiceLinkedRoleCommand({ AWSServiceName: "batch.amazonaws.com" }));
  });
}
