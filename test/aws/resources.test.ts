import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { KMSClient } from "@aws-sdk/client-kms";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { SSMClient } from "@aws-sdk/client-ssm";
import { createResourceReader } from "@drift-guard/aws/resources";
import type { ResourceReader } from "@drift-guard/core/ports";
import { account } from "../builders.ts";
import { clientSettingsFor } from "./client-settings.ts";
import { type Answer, type Call, json, startResponder } from "./responder.ts";

const region = "eu-west-1";
const secret = `arn:aws:secretsmanager:${region}:${account}:secret:db-AbCdEf`;
const key = `arn:aws:kms:${region}:${account}:key/1b2c`;
const parameter = `arn:aws:ssm:${region}:${account}:parameter/app/db`;
const policy = '{"Version":"2012-10-17","Statement":[]}';

type Answers = Readonly<Record<string, (asked: Readonly<Record<string, unknown>>) => Answer>>;

const customers = () => json({ KeyMetadata: { KeyId: "1b2c", Arn: key, KeyManager: "CUSTOMER" } });
const usual: Answers = {
  DescribeSecret: () => json({ ARN: secret, Name: "db", KmsKeyId: key }),
  GetResourcePolicy: () => json({ ARN: secret, Name: "db", ResourcePolicy: policy }),
  DescribeKey: customers,
  GetKeyPolicy: () => json({ Policy: policy, PolicyName: "default" }),
  DescribeParameters: () =>
    json({ Parameters: [{ Name: "/app/db", Type: "SecureString", KeyId: "alias/own" }] }),
};
const fault = (code: string) => () => json({ __type: code, message: "No." }, 400);

describe("A reader of resources", () => {
  it("reads a secret's resource policy and the customer-managed key that encrypts it", async () => {
    await withAws({}, async (reader, { calls, regions }) => {
      assert.deepEqual(await reader.facts(secret), { policy, key });
      assert.deepEqual(calls, [
        ["DescribeSecret", { SecretId: secret }],
        ["GetResourcePolicy", { SecretId: secret }],
        ["DescribeKey", { KeyId: key }],
      ]);
      assert.deepEqual(regions, [`secrets ${region}`, `keys ${region}`]);
    });
  });

  it("finds a secret by its name if its random suffix is unknown", async () => {
    await withAws({}, async (reader, { calls }) => {
      assert.deepEqual(await reader.facts(secret.replace("AbCdEf", "??????")), { arn: secret, policy, key });
      assert.deepEqual(calls[0], ["DescribeSecret", { SecretId: "db" }]);
    });
  });

  it("finds a secret by its name if its partial ARN ends like a complete one, and returns the complete ARN", async () => {
    const partial = secret.replace("db-AbCdEf", "prod/db-config");
    const ARN = `${partial}-AbCdEf`;
    const DescribeSecret = ({ SecretId }: Readonly<Record<string, unknown>>) =>
      SecretId === "prod/db-config" ? json({ ARN }) : fault("ResourceNotFoundException")();
    await withAws({ DescribeSecret }, async (reader, { calls }) => {
      assert.deepEqual(await reader.facts(partial), { arn: ARN, policy, key: null });
      assert.deepEqual(calls.slice(0, 2), [
        ["DescribeSecret", { SecretId: partial }],
        ["DescribeSecret", { SecretId: "prod/db-config" }],
      ]);
    });
    await withAws({ DescribeSecret: fault("AccessDeniedException") }, async (reader, { calls }) => {
      assert.equal(await reader.facts(partial), undefined);
      assert.equal(calls.length, 1);
    });
  });

  it("ignores an answer about another secret", async () => {
    const other = () => json({ ARN: secret.replace("db-", "other-"), Name: "other" });
    await withAws({ DescribeSecret: other }, async (reader) => {
      assert.equal(await reader.facts(secret), undefined);
      assert.equal(await reader.facts(secret.replace("AbCdEf", "??????")), undefined);
    });
  });

  it("reports no key for an AWS-managed key, in every form that a secret names it", async () => {
    const managed = () => json({ KeyMetadata: { KeyId: "1b2c", Arn: key, KeyManager: "AWS" } });
    for (const KmsKeyId of [undefined, "alias/aws/secretsmanager", key, "1b2c"]) {
      const answers = {
        DescribeSecret: () => json({ ARN: secret, KmsKeyId }),
        GetResourcePolicy: () => json({}),
      };
      await withAws({ ...answers, DescribeKey: managed }, async (reader) => {
        assert.deepEqual(await reader.facts(secret), { policy: null, key: null }, KmsKeyId);
      });
    }
  });

  it("resolves an alias to its key", async () => {
    const DescribeSecret = () => json({ ARN: secret, KmsKeyId: "alias/own" });
    await withAws({ DescribeSecret }, async (reader, { calls }) => {
      assert.deepEqual(await reader.facts(secret), { policy, key });
      assert.deepEqual(calls.at(-1), ["DescribeKey", { KeyId: "alias/own" }]);
    });
  });

  it("reports another account's key as customer managed, without a call", async () => {
    const theirs = key.replace(account, "999999999999");
    const DescribeSecret = () => json({ ARN: secret, KmsKeyId: theirs });
    await withAws({ DescribeSecret }, async (reader, { calls }) => {
      assert.deepEqual(await reader.facts(secret), { policy, key: theirs });
      assert.deepEqual(
        calls.map(([action]) => action),
        ["DescribeSecret", "GetResourcePolicy"],
      );
    });
  });

  it("reports the policy without the key if it may not read the key", async () => {
    await withAws({ DescribeKey: fault("AccessDeniedException") }, async (reader) => {
      assert.deepEqual(await reader.facts(secret), { policy });
    });
  });

  it("reads a key's policy", async () => {
    await withAws({}, async (reader, { calls }) => {
      assert.deepEqual(await reader.facts(key), { policy });
      assert.deepEqual(calls, [["GetKeyPolicy", { KeyId: key, PolicyName: "default" }]]);
    });
  });

  it("reads the customer-managed key of an encrypted parameter without reading its value", async () => {
    await withAws({}, async (reader, { calls }) => {
      assert.deepEqual(await reader.facts(parameter), { policy: null, key });
      assert.deepEqual(
        calls.map(([action]) => action),
        ["DescribeParameters", "DescribeKey"],
      );
      assert.deepEqual(calls[0]?.[1].ParameterFilters, [
        { Key: "Name", Option: "Equals", Values: ["/app/db"] },
      ]);
    });
  });

  it("reports no key for a parameter that is plain or encrypted by an AWS-managed key", async () => {
    for (const type of [{ Type: "String" }, { Type: "SecureString", KeyId: "alias/aws/ssm" }]) {
      const DescribeParameters = () => json({ Parameters: [{ Name: "/app/db", ...type }] });
      await withAws({ DescribeParameters }, async (reader) => {
        assert.deepEqual(await reader.facts(parameter), { policy: null, key: null });
      });
    }
  });

  it("finds a parameter of one level with and without a slash, on any page", async () => {
    for (const Name of ["token", "/token"]) {
      const DescribeParameters = ({ NextToken }: Readonly<Record<string, unknown>>) =>
        NextToken === "more"
          ? json({ Parameters: [{ Name, Type: "String" }] })
          : json({ Parameters: [{ Name: "/other/token", Type: "SecureString" }], NextToken: "more" });
      await withAws({ DescribeParameters }, async (reader) => {
        const asked = `arn:aws:ssm:${region}:${account}:parameter/token`;
        assert.deepEqual(await reader.facts(asked), { policy: null, key: null });
      });
    }
  });

  it("returns undefined if a call is denied, finds nothing or stays throttled", async () => {
    const codes = [
      "AccessDeniedException",
      "ResourceNotFoundException",
      "NotFoundException",
      "ThrottlingException",
      "ValidationException",
    ];
    for (const code of codes) {
      for (const action of ["DescribeSecret", "GetResourcePolicy"]) {
        await withAws({ [action]: fault(code) }, async (reader) =>
          assert.equal(await reader.facts(secret), undefined, `${action} ${code}`),
        );
      }
      await withAws({ GetKeyPolicy: fault(code), DescribeParameters: fault(code) }, async (reader) => {
        assert.equal(await reader.facts(key), undefined, code);
        assert.equal(await reader.facts(parameter), undefined, code);
      });
    }
    await withAws({ DescribeParameters: () => json({ Parameters: [] }) }, async (reader) =>
      assert.equal(await reader.facts(parameter), undefined),
    );
  });

  it("returns undefined for an unreadable answer or a policy that is not JSON", async () => {
    const page = () => ({ status: 200, body: "<html>It works!</html>" });
    const broken = {
      GetResourcePolicy: () => json({ ResourcePolicy: "{" }),
      GetKeyPolicy: () => json({ Policy: "{" }),
      DescribeParameters: page,
    };
    await withAws(broken, async (reader) => {
      for (const arn of [secret, key, parameter]) assert.equal(await reader.facts(arn), undefined, arn);
    });
    await withAws({ DescribeSecret: page, GetKeyPolicy: () => json({}) }, async (reader) => {
      for (const arn of [secret, key]) assert.equal(await reader.facts(arn), undefined, arn);
    });
  });

  it("makes no call for another account or partition, or for any other ARN", async () => {
    await withAws({}, async (reader, { calls }) => {
      for (const arn of [
        secret.replace(account, "999999999999"),
        key.replace(account, "999999999999"),
        parameter.replace(account, "999999999999"),
        secret.replace("arn:aws:", "arn:aws-cn:"),
        secret.replace(region, "nowhere.example"),
        key.replace("key/", "alias/"),
        key.replace("kms", "ssm"),
        `arn:aws:ssm:${region}:${account}:parameter/aws/reference/secretsmanager/db`,
        "db",
        "",
      ]) {
        assert.equal(await reader.facts(arn), undefined, arn);
      }
      assert.deepEqual(calls, []);
    });
  });

  it("reads each resource once, even if the read failed", async () => {
    await withAws({ GetKeyPolicy: fault("AccessDeniedException") }, async (reader, { calls }) => {
      await Promise.all([reader.facts(key), reader.facts(key)]);
      await reader.facts(key);
      assert.equal(calls.length, 1);
    });
  });
});

/** What the reader called. */
interface Asked {
  readonly calls: readonly (readonly [action: string, parameters: Readonly<Record<string, unknown>>])[];
  /** The created clients, with their regions. */
  readonly regions: readonly string[];
}

async function withAws(
  differently: Answers,
  work: (reader: ResourceReader, asked: Asked) => Promise<void>,
): Promise<void> {
  const calls: [string, Readonly<Record<string, unknown>>][] = [];
  const regions: string[] = [];
  const responder = await startResponder(({ action, body }: Call) => {
    const parameters: Readonly<Record<string, unknown>> = JSON.parse(body);
    calls.push([action, parameters]);
    const answer = differently[action] ?? usual[action];
    return answer ? answer(parameters) : json({ __type: "UnknownOperationException" }, 400);
  });
  const settings = clientSettingsFor(responder.endpoint);
  const noting = <Client>(what: string, client: Client) => {
    return (of: string) => {
      regions.push(`${what} ${of}`);
      return client;
    };
  };
  const secrets = new SecretsManagerClient(settings);
  const keys = new KMSClient(settings);
  const parameters = new SSMClient(settings);
  const reader = createResourceReader(
    {
      secrets: noting("secrets", secrets),
      keys: noting("keys", keys),
      parameters: noting("parameters", parameters),
    },
    { account, partition: "aws" },
  );
  try {
    await work(reader, { calls, regions });
  } finally {
    for (const client of [secrets, keys, parameters]) client.destroy();
    await responder.close();
  }
}
