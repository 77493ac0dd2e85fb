import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, it } from "node:test";
import { fileURLToPath } from "node:url";
import {
  DescribeContinuousBackupsCommand,
  DescribeTimeToLiveCommand,
  DynamoDBClient,
  GetResourcePolicyCommand,
} from "@aws-sdk/client-dynamodb";
import {
  CreateRoleCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  IAMClient,
  ListAttachedRolePoliciesCommand,
  ListRoleTagsCommand,
} from "@aws-sdk/client-iam";
import { GetFunctionConcurrencyCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { DescribeHubCommand, SecurityHubClient } from "@aws-sdk/client-securityhub";
import { type Message, ReceiveMessageCommand, SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { listWatchedRoles } from "@drift-guard/core/config/watched-role";
import type { JsonValue } from "@drift-guard/infra/synth/synthesis";
import type { Template } from "@drift-guard/infra/template/template";
import { clientSettings } from "@drift-guard/local/client";
import { type Deployment, deployTemplate } from "@drift-guard/local/deployment/deployment";
import { seedAccount } from "@drift-guard/local/seed";
import { build } from "esbuild";
import config from "../../../drift-guard.config.ts";
import { withEmulators } from "../emulated-suite.ts";

const arnOf = (id: string) => ({ "Fn::GetAtt": [id, "Arn"] });
const allow = (Action: string, Resource: JsonValue) => ({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action, Resource }],
});
const queue = (name: string, extra: Readonly<Record<string, JsonValue>> = {}) => ({
  Type: "AWS::SQS::Queue",
  Properties: { QueueName: name, ...extra },
});

const template: Template = {
  AWSTemplateFormatVersion: "2010-09-09",
  Description: "A function behind a queue, and a table",
  Resources: {
    Missed: queue("missed"),
    Done: queue("done"),
    Work: queue("work", {
      VisibilityTimeout: 1,
      RedrivePolicy: { deadLetterTargetArn: arnOf("Missed"), maxReceiveCount: 2 },
    }),
    TaggerRole: {
      Type: "AWS::IAM::Role",
      Properties: {
        RoleName: "tagger-role",
        AssumeRolePolicyDocument: {
          Version: "2012-10-17",
          Statement: [
            { Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" },
          ],
        },
        ManagedPolicyArns: ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
        Policies: [{ PolicyName: "inline", PolicyDocument: allow("sqs:SendMessage", arnOf("Done")) }],
      },
    },
    Tagger: {
      Type: "AWS::Lambda::Function",
      Properties: {
        FunctionName: "tagger",
        Runtime: "nodejs24.x",
        Handler: "index.handler",
        Timeout: 10,
        Role: arnOf("TaggerRole"),
        Code: { S3Bucket: "bundles", S3Key: "tagger.zip" },
        ReservedConcurrentExecutions: 1,
        Environment: { Variables: { DONE_QUEUE_URL: { Ref: "Done" } } },
      },
    },
    TaggerSource: {
      Type: "AWS::Lambda::EventSourceMapping",
      Properties: { FunctionName: arnOf("Tagger"), EventSourceArn: arnOf("Work"), BatchSize: 1 },
    },
    Notes: {
      Type: "AWS::DynamoDB::Table",
      Properties: {
        TableName: "notes",
        BillingMode: "PAY_PER_REQUEST",
        AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
        KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
        TimeToLiveSpecification: { AttributeName: "expires", Enabled: true },
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        ResourcePolicy: {
          PolicyDocument: {
            Version: "2012-10-17",
            Statement: [
              {
                Effect: "Deny",
                Principal: "*",
                Action: "dynamodb:PutItem",
                Resource: "*",
                Condition: { ArnNotEquals: { "aws:PrincipalArn": [arnOf("TaggerRole")] } },
              },
            ],
          },
        },
      },
    },
  },
  Outputs: { WorkUrl: { Value: { Ref: "Work" } } },
};

withEmulators("deployTemplate", (services) => {
  let bundle: string;
  let deployment: Deployment;
  const settings = () => clientSettings(services().recorder.endpoint);

  before(async () => {
    bundle = await mkdtemp(join(tmpdir(), "bundle-"));
    await build({
      entryPoints: [fileURLToPath(import.meta.resolve("./bundles/tagger.ts"))],
      outfile: join(bundle, "index.mjs"),
      bundle: true,
      platform: "node",
      format: "esm",
      banner: {
        js: 'import{createRequire as __createRequire}from"node:module";const require=__createRequire(import.meta.url);',
      },
    });
    deployment = await deployTemplate(services(), {
      name: "probe",
      template,
      bundles: { "tagger.zip": bundle },
    });
  });
  after(() => rm(bundle, { recursive: true, force: true }));

  it("sets expiry, recovery and resource policy of a table", async () => {
    const dynamo = new DynamoDBClient(settings());
    const ttl = await dynamo.send(new DescribeTimeToLiveCommand({ TableName: "notes" }));
    assert.equal(ttl.TimeToLiveDescription?.AttributeName, "expires");
    const backups = await dynamo.send(new DescribeContinuousBackupsCommand({ TableName: "notes" }));
    assert.equal(
      backups.ContinuousBackupsDescription?.PointInTimeRecoveryDescription?.PointInTimeRecoveryStatus,
      "ENABLED",
    );
    const arn = "arn:aws:dynamodb:us-east-1:123456789012:table/notes";
    const { Policy = "" } = await dynamo.send(new GetResourcePolicyCommand({ ResourceArn: arn }));
    assert.match(Policy, /"arn:aws:iam::123456789012:role\/tagger-role"/);
  });

  it("sets the reserved concurrency of a function", async () => {
    const lambda = new LambdaClient(settings());
    const { ReservedConcurrentExecutions } = await lambda.send(
      new GetFunctionConcurrencyCommand({ FunctionName: deployment.functions.get("Tagger") }),
    );
    assert.equal(ReservedConcurrentExecutions, 1);
  });

  it("copies the functions' roles with their policies into the account's IAM", async () => {
    const iam = new IAMClient(settings());
    const { Role } = await iam.send(new GetRoleCommand({ RoleName: "tagger-role" }));
    assert.equal(Role?.Arn, "arn:aws:iam::123456789012:role/tagger-role");
    const inline = await iam.send(
      new GetRolePolicyCommand({ RoleName: "tagger-role", PolicyName: "inline" }),
    );
    assert.deepEqual(
      JSON.parse(decodeURIComponent(inline.PolicyDocument ?? "")),
      allow("sqs:SendMessage", "arn:aws:sqs:us-east-1:123456789012:done"),
    );
    const { AttachedPolicies = [] } = await iam.send(
      new ListAttachedRolePoliciesCommand({ RoleName: "tagger-role" }),
    );
    assert.deepEqual(
      AttachedPolicies.map((policy) => policy.PolicyName),
      ["ReadOnlyAccess"],
    );
  });

  it("runs a bundle behind its queue, with a session of the function's role", async () => {
    const { recorder } = services();
    await new IAMClient(settings()).send(
      new CreateRoleCommand({
        RoleName: "to-be-tagged",
        AssumeRolePolicyDocument: JSON.stringify(allow("sts:AssumeRole", "*")).replace(
          '"Resource":"*"',
          '"Principal":{"Service":"batch.amazonaws.com"}',
        ),
      }),
    );
    await send("to-be-tagged");
    assert.equal((await receive("done"))?.Body, "to-be-tagged");
    const { Tags } = await new IAMClient(settings()).send(
      new ListRoleTagsCommand({ RoleName: "to-be-tagged" }),
    );
    assert.deepEqual(Tags, [{ Key: "seen", Value: "yes" }]);

    const record = recorder.listRecords().findLast(({ eventName }) => eventName === "TagRole");
    assert.equal(record?.userIdentity?.arn, "arn:aws:sts::123456789012:assumed-role/tagger-role/tagger");
    assert.equal(
      record?.userIdentity?.sessionContext?.sessionIssuer?.arn,
      "arn:aws:iam::123456789012:role/tagger-role",
    );
    const session = recorder.listCalls().filter(({ caller }) => caller.arn === record?.userIdentity?.arn);
    assert.deepEqual(
      session.map(({ service, action }) => `${service}:${action}`),
      ["iam:TagRole", "sqs:SendMessage"],
    );
  });

  it("moves a message that a function cannot process to the dead-letter queue", async () => {
    await send("nobody");
    assert.equal((await receive("missed"))?.Body, "nobody");
  });

  it("is seeded with every guarded role and Security Hub", async () => {
    await seedAccount(services().recorder.endpoint, config);
    const iam = new IAMClient(settings());
    for (const { name, reference } of listWatchedRoles({ config })) {
      const { AttachedPolicies = [] } = await iam.send(
        new ListAttachedRolePoliciesCommand({ RoleName: name }),
      );
      assert.deepEqual(
        AttachedPolicies.map((policy) => policy.PolicyArn),
        reference.attachments.map(({ arn }) => arn),
      );
    }
    const { HubArn } = await new SecurityHubClient(settings()).send(new DescribeHubCommand({}));
    assert.match(HubArn ?? "", /:hub\/default$/);
  });

  async function send(body: string): Promise<void> {
    const QueueUrl = deployment.outputs.WorkUrl;
    await new SQSClient(settings()).send(new SendMessageCommand({ QueueUrl, MessageBody: body }));
  }

  async function receive(queueName: string): Promise<Message | undefined> {
    const QueueUrl = deployment.outputs.WorkUrl?.replace(/work$/, queueName);
    for (let round = 0; round < 15; round++) {
      const { Messages } = await new SQSClient(settings()).send(
        new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 1 }),
      );
      if (Messages?.[0]) return Messages[0];
    }
    return undefined;
  }
});
