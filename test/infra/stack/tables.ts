import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type SynthesisedStack, stackOf, statementsOf } from "../stacks.ts";

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

  it("have an index of undelivered transitions, and a stream on the findings table", () => {
    const { inputs } = plain.get("FindingsTable");
    assert.deepEqual(inputs.globalSecondaryIndexes, [
      { name: "byDue", hashKey: "due", rangeKey: "dueAt", projectionType: "ALL" },
    ]);
    assert.equal(inputs.streamViewType, "NEW_AND_OLD_IMAGES");
    assert.equal(plain.get("ControlTable").inputs.streamEnabled, false);
  });

  it("let only the rollback function write control items, and nobody where there is no rollback", () => {
    const denied = [
      "dynamodb:PutItem",
      "dynamodb:UpdateItem",
      "dynamodb:DeleteItem",
      "dynamodb:BatchWriteItem",
      "dynamodb:PartiQLInsert",
      "dynamodb:PartiQLUpdate",
      "dynamodb:PartiQLDelete",
    ];
    const guard = (stack: SynthesisedStack) => statementsOf(stack.get("ControlPolicy").inputs.policy);
    const common = { Sid: "OnlyTheGuardWrites", Effect: "Deny", Principal: "*", Action: denied };
    const [table, role] = [everything.get("ControlTable"), everything.get("RollbackerRole")];
    assert.equal(everything.get("ControlPolicy").inputs.resourceArn, table.outputs.arn);
    assert.deepEqual(guard(everything), [
      {
        ...common,
        Resource: [table.outputs.arn],
        Condition: { ArnNotEquals: { "aws:PrincipalArn": [role.outputs.arn] } },
      },
    ]);
    assert.deepEqual(guard(plain), [{ ...common, Resource: [plain.get("ControlTable").outputs.arn] }]);
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
            dynamodb: { Keys: { sk: { S: [{ prefix: "TRANSITION#" }] } } },
          }),
        },
      ],
    });
  });
});
