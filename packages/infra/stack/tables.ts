/// <reference path="../../../.sst/platform/config.d.ts" />

const encrypted = { serverSideEncryption: { enabled: true } };

/** The table of the ledgers; its stream is what the world is told from. */
export function createFindingsTable(): sst.aws.Dynamo {
  return new sst.aws.Dynamo("Findings", {
    fields: { pk: "string", sk: "string", due: "string", dueAt: "string" },
    primaryIndex: { hashKey: "pk", rangeKey: "sk" },
    // Holds only the transitions that a sink has not marked as delivered.
    globalIndexes: { byDue: { hashKey: "due", rangeKey: "dueAt" } },
    stream: "new-and-old-images",
    ttl: "expires",
    deletionProtection: $app.stage === "production",
    transform: { table: encrypted },
  });
}

/** The table of what people decided, what stops rollbacks, and the budgets. */
export function createControlTable(): sst.aws.Dynamo {
  return new sst.aws.Dynamo("Control", {
    fields: { pk: "string", sk: "string" },
    primaryIndex: { hashKey: "pk", rangeKey: "sk" },
    // Only budgets expire by themselves.
    ttl: "expires",
    deletionProtection: $app.stage === "production",
    transform: { table: encrypted },
  });
}

/**
 * Denies item writes on the control table to everybody but these roles, administrators included: an approval or an
 * exception is what an attacker would want to write. Transactions are authorised by the same actions.
 */
export function guardControl(control: sst.aws.Dynamo, writers: readonly $util.Output<string>[]): void {
  new aws.dynamodb.ResourcePolicy("ControlPolicy", {
    resourceArn: control.arn,
    policy: $jsonStringify({
      Version: "2012-10-17",
      Statement: [
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
          Resource: control.arn,
          ...(writers.length > 0 && { Condition: { ArnNotEquals: { "aws:PrincipalArn": writers } } }),
        },
      ],
    }),
  });
}
