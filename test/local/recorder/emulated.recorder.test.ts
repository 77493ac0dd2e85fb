import assert from "node:assert/strict";
import { it } from "node:test";
import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from "@aws-sdk/client-eventbridge";
import {
  AttachRolePolicyCommand,
  CreateAccessKeyCommand,
  CreateRoleCommand,
  CreateServiceLinkedRoleCommand,
  CreateUserCommand,
  DeleteServiceLinkedRoleCommand,
  DetachRolePolicyCommand,
  GetRoleCommand,
  IAMClient,
  ListAttachedRolePoliciesCommand,
  PutRolePolicyCommand,
  TagRoleCommand,
  UpdateRoleCommand,
} from "@aws-sdk/client-iam";
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { doubled, dropping, inSequence, reversed } from "@drift-guard/local/recorder/disorder";
import type { Recorder } from "@drift-guard/local/recorder/recorder";
import * as z from "zod";
import { withEmulators } from "../emulated-suite.ts";

const trust = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: { Service: "batch.amazonaws.com" }, Action: "sts:AssumeRole" }],
});
const batchPolicy = "arn:aws:iam::aws:policy/service-role/AWSBatchServiceRole";

const client = (recorder: Recorder, accessKeyId = "AKIAOWNER", sessionToken?: string) => ({
  endpoint: recorder.endpoint,
  region: "us-east-1",
  maxAttempts: 1,
  credentials: { accessKeyId, secretAccessKey: "none", ...(sessionToken && { sessionToken }) },
});

withEmulators("startRecorder", (services) => {
  const iam = () => new IAMClient(client(services().recorder));
  const makeRole = (name: string) =>
    iam().send(new CreateRoleCommand({ RoleName: name, AssumeRolePolicyDocument: trust }));
  const recordsOf = (role: string) =>
    services()
      .recorder.listRecords()
      .filter((record) => record.requestParameters?.roleName === role);

  it("records a write in CloudTrail's spelling, with the request id of the response", async () => {
    await makeRole("spelled");
    const answer = await iam().send(
      new TagRoleCommand({ RoleName: "spelled", Tags: [{ Key: "team", Value: "batch" }] }),
    );
    const [created, tagged] = recordsOf("spelled");
    assert.equal(created?.eventName, "CreateRole");
    assert.equal(created?.requestParameters?.assumeRolePolicyDocument, trust);
    assert.equal(tagged?.eventName, "TagRole");
    assert.deepEqual(tagged?.requestParameters, {
      roleName: "spelled",
      tags: [{ key: "team", value: "batch" }],
    });
    assert.equal(tagged?.responseElements, null);
    assert.equal(tagged?.requestID, answer.$metadata.requestId);
    assert.equal(tagged?.awsRegion, "us-east-1");
    assert.equal(tagged?.userIdentity?.type, "Root");
  });

  it("lists a read-only call but does not record it", async () => {
    await makeRole("looked-at");
    await iam().send(new GetRoleCommand({ RoleName: "looked-at" }));
    assert.deepEqual(
      recordsOf("looked-at").map((record) => record.eventName),
      ["CreateRole"],
    );
    const calls = services()
      .recorder.listCalls()
      .filter((call) => call.parameters.roleName === "looked-at");
    assert.deepEqual(
      calls.map((call) => `${call.service}:${call.action}`),
      ["iam:CreateRole", "iam:GetRole"],
    );
  });

  it("records the role of a session and the user of a key", async () => {
    const { recorder } = services();
    await makeRole("actor");
    await makeRole("target");
    const sts = new STSClient(client(recorder));
    const roleArn = "arn:aws:iam::123456789012:role/actor";
    const { Credentials } = await sts.send(
      new AssumeRoleCommand({ RoleArn: roleArn, RoleSessionName: "ann" }),
    );
    const session = new IAMClient(client(recorder, Credentials?.AccessKeyId, Credentials?.SessionToken));
    const whoAmI = await new STSClient(
      client(recorder, Credentials?.AccessKeyId, Credentials?.SessionToken),
    ).send(new GetCallerIdentityCommand({}));
    await session.send(new AttachRolePolicyCommand({ RoleName: "target", PolicyArn: batchPolicy }));
    const attached = recordsOf("target").at(-1)?.userIdentity;
    assert.equal(attached?.type, "AssumedRole");
    assert.equal(attached?.arn, "arn:aws:sts::123456789012:assumed-role/actor/ann");
    assert.equal(whoAmI.Arn, attached?.arn);
    assert.equal(attached?.sessionContext?.sessionIssuer?.arn, roleArn);

    await iam().send(new CreateUserCommand({ UserName: "bob" }));
    const { AccessKey } = await iam().send(new CreateAccessKeyCommand({ UserName: "bob" }));
    const bob = new IAMClient(client(recorder, AccessKey?.AccessKeyId));
    await bob.send(new DetachRolePolicyCommand({ RoleName: "target", PolicyArn: batchPolicy }));
    const detached = recordsOf("target").at(-1)?.userIdentity;
    assert.equal(detached?.type, "IAMUser");
    assert.equal(detached?.arn, "arn:aws:iam::123456789012:user/bob");
  });

  it("records a failed call with its parameters and CloudTrail's error code", async () => {
    const command = new DetachRolePolicyCommand({ RoleName: "nobody", PolicyArn: batchPolicy });
    await assert.rejects(iam().send(command), { name: "NoSuchEntityException" });
    const [record] = recordsOf("nobody");
    assert.equal(record?.errorCode, "NoSuchEntityException");
    assert.equal(record?.requestParameters?.policyArn, batchPolicy);
  });

  it("creates, protects and deletes Batch's service-linked role as AWS does", async () => {
    const { recorder } = services();
    const roleName = "AWSServiceRoleForBatch";
    const create = new CreateServiceLinkedRoleCommand({ AWSServiceName: "batch.amazonaws.com" });
    const { Role } = await iam().send(create);
    assert.equal(
      Role?.Arn,
      `arn:aws:iam::123456789012:role/aws-service-role/batch.amazonaws.com/${roleName}`,
    );
    const attached = await iam().send(new ListAttachedRolePoliciesCommand({ RoleName: roleName }));
    assert.deepEqual(
      attached.AttachedPolicies?.map((policy) => policy.PolicyName),
      ["BatchServiceRolePolicy"],
    );
    assert.equal(recorder.listRecords().at(-1)?.requestParameters?.aWSServiceName, "batch.amazonaws.com");
    await assert.rejects(iam().send(create), { name: "InvalidInputException" });

    const document = JSON.stringify({
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Action: "iam:*", Resource: "*" }],
    });
    const put = new PutRolePolicyCommand({
      RoleName: roleName,
      PolicyName: "rogue",
      PolicyDocument: document,
    });
    await assert.rejects(iam().send(put), { name: "UnmodifiableEntityException" });
    const refused = recordsOf(roleName).at(-1);
    assert.equal(refused?.errorCode, "UnmodifiableEntityException");
    assert.equal(refused?.requestParameters?.policyDocument, document);

    await iam().send(new UpdateRoleCommand({ RoleName: roleName, Description: "described" }));
    const { Role: described } = await iam().send(new GetRoleCommand({ RoleName: roleName }));
    assert.equal(described?.Description, "described");

    const { DeletionTaskId } = await iam().send(new DeleteServiceLinkedRoleCommand({ RoleName: roleName }));
    assert.ok(DeletionTaskId);
    await assert.rejects(iam().send(new GetRoleCommand({ RoleName: roleName })), {
      name: "NoSuchEntityException",
    });
  });

  it("refuses calls by a rule, and records a denied call without parameters", async () => {
    const { recorder } = services();
    await makeRole("denied");
    const end = recorder.refuse((call) =>
      call.action === "TagRole" ? { code: "AccessDenied", message: "not on role denied" } : undefined,
    );
    const tag = new TagRoleCommand({ RoleName: "denied", Tags: [{ Key: "a", Value: "b" }] });
    await assert.rejects(iam().send(tag), { name: "AccessDenied" });
    const record = recorder.listRecords().at(-1);
    assert.equal(record?.errorCode, "AccessDenied");
    assert.equal(record?.requestParameters, null);
    end();
    await iam().send(tag);
  });

  it("delivers records to rules on the default bus, also doubled, reversed and with one dropped", async () => {
    const { recorder } = services();
    const events = new EventBridgeClient(client(recorder));
    const sqs = new SQSClient(client(recorder));
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: "trail" }));
    const pattern = { source: ["aws.iam"], detail: { requestParameters: { roleName: ["delivered"] } } };
    await events.send(new PutRuleCommand({ Name: "trail", EventPattern: JSON.stringify(pattern) }));
    await events.send(
      new PutTargetsCommand({
        Rule: "trail",
        Targets: [{ Id: "q", Arn: "arn:aws:sqs:us-east-1:123456789012:trail" }],
      }),
    );
    const Envelope = z.object({
      account: z.string(),
      region: z.string(),
      detail: z.object({ eventName: z.string() }),
    });
    const receive = async (count: number) => {
      const received: string[] = [];
      for (let round = 0; round < 20 && received.length < count; round++) {
        const { Messages = [] } = await sqs.send(
          new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 1 }),
        );
        for (const message of Messages) {
          const envelope = Envelope.parse(JSON.parse(message.Body ?? ""));
          assert.equal(envelope.account, "123456789012");
          received.push(envelope.detail.eventName);
        }
      }
      return received;
    };

    await makeRole("delivered");
    assert.deepEqual(await receive(1), ["CreateRole"]);

    recorder.hold();
    const attachment = { RoleName: "delivered", PolicyArn: batchPolicy };
    await iam().send(new AttachRolePolicyCommand(attachment));
    await iam().send(new TagRoleCommand({ RoleName: "delivered", Tags: [{ Key: "a", Value: "b" }] }));
    await iam().send(new DetachRolePolicyCommand(attachment));
    await recorder.release(
      inSequence(
        dropping((record) => record.eventName === "TagRole"),
        reversed,
        doubled,
      ),
    );
    const received = await receive(4);
    assert.deepEqual(received.toSorted(), [
      "AttachRolePolicy",
      "AttachRolePolicy",
      "DetachRolePolicy",
      "DetachRolePolicy",
    ]);
    assert.equal(received[0], "DetachRolePolicy");
  });
});
