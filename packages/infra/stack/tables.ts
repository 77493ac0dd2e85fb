/// <reference path="../../../.sst/platform/config.d.ts" />
import { irreplaceable, nameIn, settingBoth } from "./names.ts";

/** Sets name and encryption of a table. */
const keepingItems = (name: string) =>
  settingBoth<aws.dynamodb.TableArgs>(
    { name: nameIn("table", name), serverSideEncryption: { enabled: true } },
    irreplaceable,
  );

/** Creates the table of ledgers, transitions and uses. Its stream feeds publish. */
export function createFindingsTable(): sst.aws.Dynamo {
  return new sst.aws.Dynamo("Findings", {
    fields: { pk: "string", sk: "string", due: "string", dueAt: "string" },
    primaryIndex: { hashKey: "pk", rangeKey: "sk" },
    // An item is in this index while a sink has not marked its transition as delivered.
    globalIndexes: { byDue: { hashKey: "due", rangeKey: "dueAt" } },
    stream: "new-and-old-images",
    ttl: "expires",
    deletionProtection: $app.stage === "production",
    transform: { table: keepingItems("Findings") },
  });
}

/** Creates the table of the owner's decisions, open breakers and rollback budgets. */
export function createControlTable(): sst.aws.Dynamo {
  return new sst.aws.Dynamo("Control", {
    fields: { pk: "string", sk: "string" },
    primaryIndex: { hashKey: "pk", rangeKey: "sk" },
    // Only the items of budgets have this attribute.
    ttl: "expires",
    deletionProtection: $app.stage === "production",
    transform: { table: keepingItems("Control") },
  });
}

/**
 * Denies writing items of the control table to every principal except these roles, administrators included: with a
 * forged approval or exception, attackers would switch the guard off. A transaction needs the same actions, so it is
 * denied too.
 */
export function protectControl(control: sst.aws.Dynamo, writers: readonly $util.Output<string>[]): void {
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
