import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { permissionsOf, stackOf, statementsOf } from "../stacks.ts";

const plain = await stackOf("plain");
const everything = await stackOf("everything");
const production = await stackOf("plain", "production");

describe("the tables", () => {
  it("are encrypted, have point-in-time recovery, and delete items by their expiry", () => {
    for (const name of ["FindingsTable", "ControlTable"]) {
      const { inputs } = plain.get(name);
      assert.deepEqual([inputs.hashKey, inputs.rangeKey], ["pk", "sk"]);
      assert.deepEqual(inputs.serverSideEncryption, { enabled: true });
      assert.deepEqual(inputs.pointInTimeRecovery, { enabled: true });
      assert.deepEqual(inputs.ttl, { attributeName: "expires", enabled: true });
    }
  });

  it("are protected from deletion in production", () => {
    for (const name of ["FindingsTable", "ControlTable"]) {
      assert.equal(plain.get(name).inputs.deletionProtectionEnabled, false);
      assert.equal(production.get(name).inputs.deletionProtectionEnabled, true);
    }
  });

  it("have indexes of undelivered transitions and of findings by state, and a stream on the findings table", () => {
    const { inputs } = plain.get("FindingsTable");
    assert.deepEqual(inputs.globalSecondaryIndexes, [
      { name: "byDue", hashKey: "due", rangeKey: "dueAt", projectionType: "ALL" },
      { name: "byListing", hashKey: "listing", rangeKey: "listingOrder", projectionType: "ALL" },
    ]);
    assert.equal(inputs.streamViewType, "NEW_AND_OLD_IMAGES");
    assert.equal(plain.get("ControlTable").inputs.streamEnabled, false);
  });

  it("let only the functions that write them write items, and nobody where there are none", () => {
    const writers: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
      everything: {
        Control: ["Responder", "Rollbacker"],
        Findings: ["Detect", "Sweep", "Looker", "Notifier", "HubImporter", "Rollbacker"],
      },
      plain: { Control: ["Responder"], Findings: ["Detect", "Sweep", "Looker", "Notifier"] },
    };
    for (const [stack, tables] of [
      [everything, writers.everything],
      [plain, writers.plain],
    ] as const) {
      for (const [name, functions] of Object.entries(tables ?? {})) {
        const table = stack.get(`${name}Table`);
        const policy = stack.get(`${name}Policy`);
        assert.equal(policy.inputs.resourceArn, table.outputs.arn);
        const roles = functions.map((each) => stack.get(`${each}Role`).outputs.arn);
        assert.deepEqual(statementsOf(policy.inputs.policy), [
          {
            Sid: "OnlyTheGuardWrites",
            Effect: "Deny",
            Principal: "*",
            Action: [
              "dynamodb:PutItem",
              "dynamodb:UpdateItem",
              "dynamodb:DeleteItem",
              "dynamodb:BatchWriteItem",
              "dynamodb:PartiQLInsert",
              "dynamodb:PartiQLUpdate",
              "dynamodb:PartiQLDelete",
            ],
            Resource: [table.outputs.arn],
            ...(roles.length > 0 && { Condition: { ArnNotEquals: { "aws:PrincipalArn": roles } } }),
          },
        ]);
      }
    }
  });

  it("let every function write that its own role lets write", () => {
    for (const name of ["Control", "Findings"]) {
      const [denied] = statementsOf(everything.get(`${name}Policy`).inputs.policy);
      const spared = denied?.Condition?.ArnNotEquals?.["aws:PrincipalArn"] ?? [];
      const table = String(everything.get(`${name}Table`).outputs.arn);
      const writing = everything
        .all("aws:lambda/function:Function")
        .map(({ name: lambda }) => lambda.replace(/Function$/, "Role"))
        .filter((role) =>
          permissionsOf(everything, role).some(
            ({ Action, Resource }) =>
              Resource?.includes(table) && Action.some((action) => denied?.Action.includes(action)),
          ),
        );
      assert.deepEqual(
        writing.map((role) => everything.get(role).outputs.arn).toSorted(),
        spared.toSorted(),
        name,
      );
    }
  });
});

describe("the stream", () => {
  it("feeds new transitions to publish only, and keeps those that it could not publish", () => {
    const readers = everything
      .all("aws:lambda/eventSourceMapping:EventSourceMapping")
      .filter(({ inputs }) => inputs.eventSourceArn === everything.get("FindingsTable").outputs.streamArn);
    assert.equal(readers.length, 1);
    const inputs = readers[0]?.inputs ?? {};
    assert.equal(inputs.functionName, everything.get("PublishFunction").outputs.arn);
    assert.equal(inputs.startingPosition, "TRIM_HORIZON");
    assert.equal(inputs.bisectBatchOnFunctionError, true);
    assert.equal(inputs.maximumRetryAttempts, 10);
    assert.deepEqual(inputs.destinationConfig, {
      onFailure: { destinationArn: everything.get("StreamMissedQueue").outputs.arn },
    });
    assert.deepEqual(inputs.filterCriteria, {
      filters: [
        {
          pattern: JSON.stringify({
            eventName: ["INSERT"],
            dynamodb: { Keys: { sk: { S: [{ prefix: "TRANSITION#" }, { prefix: "REPORT#first" }] } } },
          }),
        },
      ],
    });
  });
});
