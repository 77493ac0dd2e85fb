import {
  DescribeTableCommand,
  type DynamoDBClient,
  PutResourcePolicyCommand,
  UpdateContinuousBackupsCommand,
  UpdateTimeToLiveCommand,
} from "@aws-sdk/client-dynamodb";
import * as z from "zod";

// The emulator's CloudFormation accepts these properties and ignores them.
const IgnoredProperties = z.object({
  TimeToLiveSpecification: z.object({ AttributeName: z.string(), Enabled: z.boolean() }).optional(),
  PointInTimeRecoverySpecification: z.object({ PointInTimeRecoveryEnabled: z.boolean() }).optional(),
  ResourcePolicy: z.object({ PolicyDocument: z.record(z.string(), z.unknown()) }).optional(),
});

/** Sets a table's expiry, recovery and resource policy by API, because the emulator's CloudFormation ignores them. */
export async function applyTableSettings(
  dynamo: DynamoDBClient,
  name: string,
  properties: Readonly<Record<string, unknown>>,
): Promise<void> {
  const {
    TimeToLiveSpecification: ttl,
    PointInTimeRecoverySpecification: pitr,
    ResourcePolicy: policy,
  } = IgnoredProperties.parse(properties);
  if (ttl) {
    await dynamo.send(new UpdateTimeToLiveCommand({ TableName: name, TimeToLiveSpecification: ttl }));
  }
  if (pitr) {
    await dynamo.send(
      new UpdateContinuousBackupsCommand({ TableName: name, PointInTimeRecoverySpecification: pitr }),
    );
  }
  if (policy) {
    const { Table } = await dynamo.send(new DescribeTableCommand({ TableName: name }));
    await dynamo.send(
      new PutResourcePolicyCommand({
        ResourceArn: Table?.TableArn,
        Policy: JSON.stringify(policy.PolicyDocument),
      }),
    );
  }
}
