import { DescribeKeyCommand, GetKeyPolicyCommand, type KMSClient } from "@aws-sdk/client-kms";
import {
  DescribeSecretCommand,
  GetResourcePolicyCommand,
  type SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import { type ParameterMetadata, paginateDescribeParameters, type SSMClient } from "@aws-sdk/client-ssm";

import { parseArn } from "@drift-guard/core/model/arn";
import type { ResourceFacts } from "@drift-guard/core/model/resource-facts";
import type { ResourceReader } from "@drift-guard/core/ports";
import type { AwsAccount } from "./account.ts";
import { errorCodeOf } from "./failure.ts";

/** Creates the SDK clients of a region. Each is created once, and only when a resource of its service is read. */
export interface ResourceClients {
  secrets(region: string): SecretsManagerClient;
  keys(region: string): KMSClient;
  parameters(region: string): SSMClient;
}

/** A resource of the three services, parsed from its ARN. */
interface ResourceRef {
  readonly kind: "secret" | "parameter" | "key";
  readonly arn: string;
  readonly region: string;
  readonly account: string;
  readonly partition: string;
  readonly name: string;
}

const kinds: ReadonlyMap<string, ResourceRef["kind"]> = new Map([
  ["secretsmanager secret:", "secret"],
  ["ssm parameter/", "parameter"],
  ["kms key/", "key"],
]);
const unknownSuffix = /-\?{6}$/;

/**
 * Creates a reader of the resource policies and encryption keys of the account's secrets, parameters and keys (R45, R46).
 * It never reads a value. It calls `secretsmanager:DescribeSecret` and `GetResourcePolicy`, `ssm:DescribeParameters`,
 * `kms:GetKeyPolicy` and `DescribeKey`, and reads each ARN once in its life.
 *
 * `facts` throws nothing. It returns undefined if the ARN is malformed or of another account or partition, if AWS denies
 * or fails a call, or if the resource does not exist.
 */
export function createResourceReader(
  clients: ResourceClients,
  { account, partition }: AwsAccount,
): ResourceReader {
  const secrets = memoize(clients.secrets);
  const keys = memoize(clients.keys);
  const parameters = memoize(clients.parameters);

  /** `id` is an alias, key id or ARN, as Secrets Manager and Systems Manager return it; the result is empty if unknown. */
  async function readEncryptionKey(id: string, region: string): Promise<Pick<ResourceFacts, "key">> {
    if (id.startsWith("alias/aws/")) return { key: null };
    const key = parseResource(id);
    // AWS-managed keys are used only in their own account, so another account's key is customer managed.
    if (key && key.account !== account) return { key: key.arn };
    const known = await orUndefined(async () => {
      const { KeyMetadata: found } = await keys(key?.region ?? region).send(
        new DescribeKeyCommand({ KeyId: id }),
      );
      if (found?.KeyManager === "AWS") return { key: null };
      return found?.KeyManager === "CUSTOMER" && found.Arn ? { key: found.Arn } : {};
    });
    return known ?? {};
  }

  async function readSecret({ arn, name, region }: ResourceRef): Promise<ResourceFacts | undefined> {
    const client = secrets(region);
    const describe = (SecretId: string) => client.send(new DescribeSecretCommand({ SecretId }));
    const { ARN, KmsKeyId } = unknownSuffix.test(name)
      ? await describe(name.replace(unknownSuffix, ""))
      : await describe(arn).catch((error: unknown) => {
          // A partial ARN that ends like a complete one is found by its name alone.
          if (errorCodeOf(error) !== "ResourceNotFound") throw error;
          return describe(name);
        });
    if (ARN === undefined || !matchesSecret(ARN, arn)) return undefined;
    const { ResourcePolicy } = await client.send(new GetResourcePolicyCommand({ SecretId: ARN }));
    if (ResourcePolicy !== undefined && !isJson(ResourcePolicy)) return undefined;
    const key = KmsKeyId === undefined ? { key: null } : await readEncryptionKey(KmsKeyId, region);
    return { ...(ARN !== arn && { arn: ARN }), policy: ResourcePolicy ?? null, ...key };
  }

  async function readParameter({ name, region }: ResourceRef): Promise<ResourceFacts | undefined> {
    const found = await findParameter(parameters(region), name);
    if (found?.Type === undefined) return undefined;
    // A parameter has no resource policy within its own account.
    if (found.Type !== "SecureString") return { policy: null, key: null };
    return {
      policy: null,
      ...(found.KeyId === undefined ? {} : await readEncryptionKey(found.KeyId, region)),
    };
  }

  async function readKey({ arn, region }: ResourceRef): Promise<ResourceFacts | undefined> {
    const command = new GetKeyPolicyCommand({ KeyId: arn, PolicyName: "default" });
    const { Policy } = await keys(region).send(command);
    return Policy !== undefined && isJson(Policy) ? { policy: Policy } : undefined;
  }

  async function read(arn: string): Promise<ResourceFacts | undefined> {
    const resource = parseResource(arn);
    if (!resource || resource.account !== account || resource.partition !== partition) return undefined;
    switch (resource.kind) {
      case "secret":
        return readSecret(resource);
      case "parameter":
        return readParameter(resource);
      case "key":
        return readKey(resource);
    }
  }

  return { facts: memoize((arn: string) => orUndefined(() => read(arn))) };
}

function parseResource(arn: string): ResourceRef | undefined {
  const { partition = "", service, region = "", account = "", resource = "" } = parseArn(arn) ?? {};
  if (!/^[a-z]{2}(?:-[a-z]+)+-\d+$/.test(region) || !/^\d{12}$/.test(account)) return undefined;
  const [, type, name] = /^(secret:|parameter\/|key\/)([^:\s]+)$/.exec(resource) ?? [];
  const kind = kinds.get(`${service} ${type}`);
  return kind && name ? { kind, arn, region, account, partition, name } : undefined;
}

// An ARN whose random suffix is unknown lacks it, or ends in six question marks in its place (docs/aws-facts.md, "Secrets,
// parameters and keys").
function matchesSecret(found: string, requested: string): boolean {
  return (
    found === requested || found.replace(/-[A-Za-z0-9]{6}$/, "") === requested.replace(unknownSuffix, "")
  );
}

async function findParameter(client: SSMClient, name: string): Promise<ParameterMetadata | undefined> {
  // A secret shown as a parameter (docs/aws-facts.md, "Secrets, parameters and keys"); DescribeParameters omits it.
  if (name.startsWith("aws/reference/")) return undefined;
  // The ARNs of the parameters `name` and `/name` are the same.
  const names = name.includes("/") ? [`/${name}`] : [name, `/${name}`];
  const found: ParameterMetadata[] = [];
  const filter = { Key: "Name", Option: "Equals", Values: names };
  for await (const { Parameters = [] } of paginateDescribeParameters(
    { client },
    { ParameterFilters: [filter] },
  )) {
    found.push(...Parameters.filter(({ Name }) => Name !== undefined && names.includes(Name)));
  }
  return found.length === 1 ? found[0] : undefined;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

// An unreadable resource, whatever the error, must not prevent the inspection of the role that uses it.
async function orUndefined<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch {
    return undefined;
  }
}

function memoize<Value>(create: (key: string) => Value): (key: string) => Value {
  const created = new Map<string, Value>();
  return (key) => {
    const value = created.get(key) ?? create(key);
    created.set(key, value);
    return value;
  };
}
