import * as z from "zod";
import type { JsonValue, Resource } from "../synth/synthesis.ts";
import { omitUndefined, policyDocument, TemplateError, type Translate } from "./translation.ts";

const Table = z.strictObject({
  name: z.string(),
  attributes: z.array(z.strictObject({ name: z.string(), type: z.string() })),
  billingMode: z.string(),
  deletionProtectionEnabled: z.boolean(),
  globalSecondaryIndexes: z.array(
    z.strictObject({
      name: z.string(),
      hashKey: z.string(),
      rangeKey: z.string(),
      projectionType: z.string(),
    }),
  ),
  hashKey: z.string(),
  localSecondaryIndexes: z.tuple([]),
  pointInTimeRecovery: z.strictObject({ enabled: z.boolean() }),
  rangeKey: z.string(),
  serverSideEncryption: z.strictObject({ enabled: z.boolean() }),
  streamEnabled: z.boolean(),
  streamViewType: z.string().optional(),
  ttl: z.strictObject({ attributeName: z.string(), enabled: z.boolean() }).optional(),
});

/** Translates a table together with its resource policy, which CloudFormation writes inside the table. */
export const translateTable: Translate = ({ inputs, outputs }, all) => {
  const table = Table.parse(inputs);
  const policies = all.flatMap((other) => {
    const found = readPolicy(other);
    return found !== undefined && found.resourceArn === outputs.arn ? [found.policy] : [];
  });
  const [resourcePolicy] = policies;
  return {
    type: "AWS::DynamoDB::Table",
    // The policy names the table itself, and a role whose policy names the table. Both stay ARNs, because references
    // would be circular.
    verbatim: omitUndefined({
      TableName: table.name,
      ResourcePolicy: resourcePolicy === undefined ? undefined : { PolicyDocument: resourcePolicy },
    }),
    properties: omitUndefined({
      AttributeDefinitions: table.attributes.map(
        ({ name, type }): JsonValue => ({ AttributeName: name, AttributeType: type }),
      ),
      BillingMode: table.billingMode,
      DeletionProtectionEnabled: table.deletionProtectionEnabled,
      GlobalSecondaryIndexes:
        table.globalSecondaryIndexes.length === 0
          ? undefined
          : table.globalSecondaryIndexes.map(
              ({ name, projectionType, ...keys }): JsonValue => ({
                IndexName: name,
                KeySchema: writeKeys(keys),
                Projection: { ProjectionType: projectionType },
              }),
            ),
      KeySchema: writeKeys(table),
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: table.pointInTimeRecovery.enabled },
      SSESpecification: { SSEEnabled: table.serverSideEncryption.enabled },
      StreamSpecification:
        table.streamViewType === undefined ? undefined : { StreamViewType: table.streamViewType },
      TimeToLiveSpecification: table.ttl && {
        AttributeName: table.ttl.attributeName,
        Enabled: table.ttl.enabled,
      },
    }),
    output: true,
  };
};

function writeKeys({
  hashKey,
  rangeKey,
}: {
  readonly hashKey: string;
  readonly rangeKey: string;
}): JsonValue {
  return [
    { AttributeName: hashKey, KeyType: "HASH" },
    { AttributeName: rangeKey, KeyType: "RANGE" },
  ];
}

const ResourcePolicy = z.strictObject({ resourceArn: z.string(), policy: policyDocument });

function readPolicy({ type, inputs }: Resource) {
  return type === "aws:dynamodb/resourcePolicy:ResourcePolicy" ? ResourcePolicy.parse(inputs) : undefined;
}

/** Checks that a resource policy has a table, whose translation includes the policy. Throws `TemplateError`. */
export const translateResourcePolicy: Translate = ({ name, inputs }, all) => {
  const { resourceArn } = ResourcePolicy.parse(inputs);
  const hasTable = all.some(
    ({ type, outputs }) => type === "aws:dynamodb/table:Table" && outputs.arn === resourceArn,
  );
  if (!hasTable)
    throw new TemplateError(
      `The policy ${name} refers to the table ${resourceArn}, which is not in the stack.`,
    );
  return undefined;
};
