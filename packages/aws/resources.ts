import { DescribeKeyCommand, GetKeyPolicyCommand, type KMSClient } from "@aws-sdk/client-kms";
import {
  DescribeSecretCommand,
  GetResourcePolicyCommand,
  type SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import { type ParameterMetadata, paginateDescribeParameters, type SSMClient } from "@aws-sdk/client-ssm";

import type { ResourceFacts } from "@drift-guard/core/model/resource-facts";
import type { ResourceReader } from "@drift-guard/core/ports";
import type { AwsAccount } from "./account.ts";

/** Makes the clients of a region; each is asked for once, and only where something of its service is read. */
export interface ResourceClients {
  secrets(region: string): SecretsManagerClient;
  keys(region: string): KMSClient;
  parameters(region: string): SSMClient;
}

interface Resource {
  readonly kind: "secret" | "parameter" | "key";
  readonly arn: string;
  readonly region: string;
  readonly account: string;
  readonly partition: string;
  readonly name: string;
}

const resourceArn =
  /^arn:([a-z-]+):(secretsmanager|ssm|kms):([a-z]{2}(?:-[a-z]+)+-\d+):(\d{12}):(secret:|parameter\/|key\/)([^:\s]+)$/;
const kinds: ReadonlyMap<string, Resource["kind"]> = new Map([
  ["secretsmanager secret:", "secret"],
  ["ssm parameter/", "parameter"],
  ["kms key/", "key"],
]);
const unknownSuffix = /-\?{6}$/;

/**
 * Reads what policies and keys the account's own secrets, parameters and keys have, and never a value (R45, R46).
 * Each is asked for once in the reader's life. What cannot be read, for whatever reason, was not read: undefined.
 */
export function createResourceReader(
  clients: ResourceClients,
  { account, partition }: AwsAccount,
): ResourceReader {
  const secrets = oncePerKey(clients.secrets);
  const keys = oncePerKey(clients.keys);
  const parameters = oncePerKey(clients.parameters);

  async function readKeyOf(id: string, region: string): Promise<Pick<ResourceFacts, "key">> {
    if (id.startsWith("alias/aws/")) return { key: null };
    const key = parseResource(id);
    // A key of AWS's own serves its own account alone: one of another account is somebody's.
    if (key && key.account !== account) return { key: key.arn };
    const known = await orNothing(async () => {
      const { KeyMetadata: found } = await keys(key?.region ?? region).send(
        new DescribeKeyCommand({ KeyId: id }),
      );
      if (found?.KeyManager === "AWS") return { key: null };
      return found?.KeyManager === "CUSTOMER" && found.Arn ? { key: found.Arn } : {};
    });
    return known ?? {};
  }

  async function readSecret({ arn, name, region }: Resource): Promise<ResourceFacts | undefined> {
    const client = secrets(region);
    const SecretId = unknownSuffix.test(name) ? name.replace(unknownSuffix, "") : arn;
    const { ARN, KmsKeyId } = await client.send(new DescribeSecretCommand({ SecretId }));
    if (ARN === undefined || !isAskedFor(ARN, arn)) return undefined;
    const { ResourcePolicy } = await client.send(new GetResourcePolicyCommand({ SecretId: ARN }));
    if (ResourcePolicy !== undefined && !isJson(ResourcePolicy)) return undefined;
    const key = KmsKeyId === undefined ? { key: null } : await readKeyOf(KmsKeyId, region);
    return { policy: ResourcePolicy ?? null, ...key };
  }

  async function readParameter({ name, region }: Resource): Promise<ResourceFacts | undefined> {
    const found = await findParameter(parameters(region), name);
    if (found?.Type === undefined) return undefined;
    // Inside its account a parameter is given by IAM alone.
    if (found.Type !== "SecureString") return { policy: null, key: null };
    return { policy: null, ...(found.KeyId === undefined ? {} : await readKeyOf(found.KeyId, region)) };
  }

  async function readKey({ arn, region }: Resource): Promise<ResourceFacts | undefined> {
    const asked = new GetKeyPolicyCommand({ KeyId: arn, PolicyName: "default" });
    const { Policy } = await keys(region).send(asked);
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

  return { facts: oncePerKey((arn: string) => orNothing(() => read(arn))) };
}

function parseResource(arn: string): Resource | undefined {
  const [, partition, service, region, account, type, name] = resourceArn.exec(arn) ?? [];
  const kind = kinds.get(`${service} ${type}`);
  if (!kind || !partition || !region || !account || !name) return undefined;
  return { kind, arn, region, account, partition, name };
}

// Who knows a secret by its name alone asks with question marks for the six characters that follow it.
function isAskedFor(found: string, asked: string): boolean {
  if (!unknownSuffix.test(asked)) return found === asked;
  return found.replace(/-[A-Za-z0-9]{6}$/, "") === asked.replace(unknownSuffix, "");
}

async function findParameter(client: SSMClient, name: string): Promise<ParameterMetadata | undefined> {
  // Parameter Store shows a secret under this name when it is asked for its value, and lists it nowhere.
  if (name.startsWith("aws/reference/")) return undefined;
  // An ARN does not tell whether a name of one level begins with a slash.
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

// Denied, gone, throttled, a region that is not there: none of it may keep a role from being looked at.
async function orNothing<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch {
    return undefined;
  }
}

function oncePerKey<Made>(make: (key: string) => Made): (key: string) => Made {
  const made = new Map<string, Made>();
  return (key) => {
    const known = made.get(key) ?? make(key);
    made.set(key, known);
    return known;
  };
}
