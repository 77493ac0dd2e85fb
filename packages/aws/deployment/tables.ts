import {
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  type DynamoDBClient,
  GetResourcePolicyCommand,
} from "@aws-sdk/client-dynamodb";
import type { DeployedTable, Read } from "@drift-guard/core/model/deployed";
import { lacks, readResult } from "./read.ts";

const absent = /^ResourceNotFound$/;

/**
 * Reads a table (`dynamodb:DescribeTable`), whether it can be restored (`dynamodb:DescribeContinuousBackups`), and its
 * resource policy (`dynamodb:GetResourcePolicy`). Throws nothing.
 */
export async function readTable(client: DynamoDBClient, name: string): Promise<Read<DeployedTable>> {
  const found = await readResult(() => client.send(new DescribeTableCommand({ TableName: name })), {
    permission: "dynamodb:DescribeTable",
    absent,
  });
  if (found.status !== "read") return found;
  const { TableStatus, TableArn, StreamSpecification, LatestStreamArn } = found.value.Table ?? {};
  if (TableStatus === undefined || TableArn === undefined) return lacks("dynamodb:DescribeTable", "status");
  const [recovery, policy] = await Promise.all([readRecovery(client, name), readPolicy(client, TableArn)]);
  return {
    status: "read",
    value: {
      state: TableStatus,
      ...(StreamSpecification?.StreamEnabled === true &&
        LatestStreamArn !== undefined && { stream: LatestStreamArn }),
      recovery,
      policy,
    },
  };
}

async function readRecovery(client: DynamoDBClient, name: string): Promise<Read<boolean>> {
  const answer = await readResult(
    () => client.send(new DescribeContinuousBackupsCommand({ TableName: name })),
    { permission: "dynamodb:DescribeContinuousBackups" },
  );
  if (answer.status !== "read") return answer;
  const status =
    answer.value.ContinuousBackupsDescription?.PointInTimeRecoveryDescription?.PointInTimeRecoveryStatus;
  if (status === undefined) return lacks("dynamodb:DescribeContinuousBackups", "status");
  return { status: "read", value: status === "ENABLED" };
}

async function readPolicy(client: DynamoDBClient, arn: string): Promise<Read<string>> {
  const answer = await readResult(() => client.send(new GetResourcePolicyCommand({ ResourceArn: arn })), {
    permission: "dynamodb:GetResourcePolicy",
    absent: /^PolicyNotFound$/,
  });
  if (answer.status !== "read") return answer;
  const { Policy } = answer.value;
  return Policy === undefined
    ? lacks("dynamodb:GetResourcePolicy", "policy")
    : { status: "read", value: Policy };
}
