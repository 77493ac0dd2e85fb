/// <reference path="../../../.sst/platform/config.d.ts" />
import type { FunctionName } from "@drift-guard/core/config/environment";
import { denyOthers } from "./exclusion.ts";
import { functionRoleArn, type GuardLocation } from "./location.ts";
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
    fields: {
      pk: "string",
      sk: "string",
      due: "string",
      dueAt: "string",
      listing: "string",
      listingOrder: "string",
    },
    primaryIndex: { hashKey: "pk", rangeKey: "sk" },
    globalIndexes: {
      // Transitions that a sink has not marked as delivered.
      byDue: { hashKey: "due", rangeKey: "dueAt" },
      // Findings by state and transitions by day. One index for both: an update of a table can add one index only
      // (docs/aws-facts.md, "DynamoDB, SQS and Lambda").
      byListing: { hashKey: "listing", rangeKey: "listingOrder" },
    },
    stream: "new-and-old-images",
    ttl: "expires",
    deletionProtection: $app.stage === "production",
    transform: { table: keepingItems("Findings") },
  });
}

/** Creates the table of people's decisions and of rollback's own record. */
export function createControlTable(): sst.aws.Dynamo {
  return new sst.aws.Dynamo("Control", {
    fields: { pk: "string", sk: "string" },
    primaryIndex: { hashKey: "pk", rangeKey: "sk" },
    // Only the items of the guard's own calls and of the cap on restoring have this attribute.
    ttl: "expires",
    deletionProtection: $app.stage === "production",
    transform: { table: keepingItems("Control") },
  });
}

/** The calls that write items. */
const writes = [
  "dynamodb:PutItem",
  "dynamodb:UpdateItem",
  "dynamodb:DeleteItem",
  "dynamodb:BatchWriteItem",
  "dynamodb:PartiQLInsert",
  "dynamodb:PartiQLUpdate",
  "dynamodb:PartiQLDelete",
];

/**
 * Denies writing items of a table to every principal except the roles of these functions, administrators included. With a
 * forged approval, exception or finding, attackers would switch the guard off or mislead people. A transaction needs the
 * same actions, so it is denied too.
 */
export function protectItems(
  name: "Findings" | "Control",
  table: sst.aws.Dynamo,
  writers: readonly FunctionName[],
  location: GuardLocation,
): void {
  new aws.dynamodb.ResourcePolicy(`${name}Policy`, {
    resourceArn: table.arn,
    policy: $jsonStringify({
      Version: "2012-10-17",
      Statement: [
        denyOthers("OnlyTheGuardWrites", writes, table.arn, {
          roles: writers.map((writer) => functionRoleArn(location, writer)),
        }),
      ],
    }),
  });
}
