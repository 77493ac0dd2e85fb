import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type SynthesisedStack, stackOf, statementsOf } from "../stacks.ts";

const plain = await stackOf("plain");
const everything = await stackOf("everything");
const production = await stackOf("plain", "production");

describe("the tables", () => {
  it("are encrypted, restorable, and expire what says when", () => {
    for (const name of ["FindingsTable", "ControlTable"]) {
      const { inputs } = plain.get(name);
      assert.deepEqual([inputs.hashKey, inputs.rangeKey], ["pk", "sk"]);
      assert.deepEqual(inputs.serverSideEncryption, { enabled: true });
      assert.deepEqual(inputs.pointInTimeRecovery, { enabled: true });
      assert.deepEqual(inputs.ttl, { attributeName: "expires", enabled: true });
    }
  });

  it("cannot be deleted in production", () => {
    for (const name of ["FindingsTable", "ControlTable"]) {
      assert.equal(plain.get(name).inputs.deletionProtectionEnabled, false);
      assert.equal(production.get(name).inputs.deletionProtectionEnabled, true);
    }
  });

  it("hold the index of what is to be delivered, and the stream", () => {
    const { inputs } = plain.get("FindingsTable");
    assert.deepEqual(inputs.globalSecondaryIndexes, [
      { name: "byDue", hashKey: "due", rangeKey: "dueAt", projectionType: "ALL" },
    ]);
    assert.equal(inputs.streamViewType, "NEW_AND_OLD_IMAGES");
    assert.equal(plain.get("ControlTable").inputs.streamEnabled, false);
  });

  it("of control are written by the rollback function alone, and by nobody where there is none", () => {
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
  it("gives new transitions to one reader, which keeps what it could not tell", () => {
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
