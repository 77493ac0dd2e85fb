import assert from "node:assert/strict";
import { it } from "node:test";
import { CreateAliasCommand, CreateKeyCommand, KMSClient } from "@aws-sdk/client-kms";
import {
  CreateSecretCommand,
  PutResourcePolicyCommand,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import { PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { createResourceReader } from "@drift-guard/aws/resources";
import { clientSettings } from "@drift-guard/local/client";
import { keyOf } from "../emulated/account.ts";
import { withEmulators } from "../local/emulated-suite.ts";

const { account } = keyOf("");

withEmulators("A reader of resources, on the local account", (services) => {
  const open = () => {
    const settings = clientSettings(services().recorder.endpoint);
    const clients = {
      secrets: new SecretsManagerClient(settings),
      keys: new KMSClient(settings),
      parameters: new SSMClient(settings),
    };
    const { secrets, keys, parameters } = clients;
    const reader = createResourceReader(
      { secrets: () => secrets, keys: () => keys, parameters: () => parameters },
      { account, partition: "aws" },
    );
    return { ...clients, reader };
  };

  it("reads policies and keys, and no value", async () => {
    const { secrets, keys, parameters, reader } = open();
    const { KeyMetadata } = await keys.send(new CreateKeyCommand({}));
    const key = KeyMetadata?.Arn ?? "";
    await keys.send(
      new CreateAliasCommand({ AliasName: "alias/own", TargetKeyId: KeyMetadata?.KeyId ?? "" }),
    );
    const { ARN: secret = "" } = await secrets.send(
      new CreateSecretCommand({ Name: "db", SecretString: "hidden", KmsKeyId: "alias/own" }),
    );
    const policy = JSON.stringify({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Principal: { AWS: `arn:aws:iam::${account}:root` },
          Action: "secretsmanager:GetSecretValue",
          Resource: "*",
        },
      ],
    });
    await secrets.send(new PutResourcePolicyCommand({ SecretId: secret, ResourcePolicy: policy }));
    for (const [Name, KeyId] of [
      ["/app/own", key],
      ["/app/aws", undefined],
    ] as const) {
      await parameters.send(
        new PutParameterCommand({ Name, Value: "hidden", Type: "SecureString", ...(KeyId && { KeyId }) }),
      );
    }
    const asked = services().recorder.listCalls().length;

    assert.deepEqual(await reader.facts(secret), { policy, key });
    const found = { arn: secret, policy, key };
    assert.deepEqual(await reader.facts(secret.replace(/.{6}$/, "??????")), found);
    assert.match((await reader.facts(key))?.policy ?? "", /"kms:\*"/);
    const parameter = `arn:aws:ssm:us-east-1:${account}:parameter/app`;
    assert.deepEqual(await reader.facts(`${parameter}/own`), { policy: null, key });
    assert.deepEqual(await reader.facts(`${parameter}/aws`), { policy: null, key: null });

    const made = services().recorder.listCalls().slice(asked);
    assert.deepEqual([...new Set(made.map(({ service, action }) => `${service}:${action}`))].sort(), [
      "kms:DescribeKey",
      "kms:GetKeyPolicy",
      "secretsmanager:DescribeSecret",
      "secretsmanager:GetResourcePolicy",
      "ssm:DescribeParameters",
    ]);
  });

  it("returns undefined for resources that do not exist", async () => {
    const { reader } = open();
    for (const arn of [
      `arn:aws:secretsmanager:us-east-1:${account}:secret:none-AbCdEf`,
      `arn:aws:ssm:us-east-1:${account}:parameter/none`,
      `arn:aws:kms:us-east-1:${account}:key/8d6c4f1e-0000-4000-8000-000000000000`,
    ]) {
      assert.equal(await reader.facts(arn), undefined, arn);
    }
  });
});
