import type { BatchPlace } from "./batch.ts";
import type { Need } from "./role-use.ts";

/** What a text that names a secret or parameter asks of the execution role. */
export type ReadNeeds =
  | { readonly read: true; readonly needs: readonly Need[] }
  | { readonly read: false; readonly why: string };

const getSecret = "secretsmanager:GetSecretValue";
const getParameters = "ssm:GetParameters";
const parameterName = /^\/?[\w.-]+(?:\/[\w.-]+)*$/;
const parameterArn = /^arn:[\w-]+:ssm:[\w-]+:\d{12}:parameter\/([\w.-]+(?:\/[\w.-]+)*)$/;
// The key of the JSON, the version's stage and its id may follow, colons kept (platform-facts 3.10).
const secretArn =
  /^(arn:[\w-]+:secretsmanager:[\w-]+:\d{12}:secret:[\w/+=.@!-]+)(?::([^:]*):([^:]*):([^:]*))?$/;
/** Parameter Store shows every secret of Secrets Manager under this name. */
const secretReference = /^aws\/reference\/secretsmanager\/(.+)$/;

/**
 * What `valueFrom` of a secret needs (R46): an SSM parameter by ARN, name or path; a secret by ARN, whatever follows
 * it; an SSM parameter that stands for a secret, which needs both.
 */
export function readValueFrom(valueFrom: string, at: string, place: BatchPlace): ReadNeeds {
  const text = valueFrom.trim();
  const secret = secretArn.exec(text)?.[1];
  if (secret !== undefined) return { read: true, needs: [needSecret(secret, "secret", at)] };
  const byArn = parameterArn.exec(text)?.[1];
  if (byArn !== undefined) return { read: true, needs: needParameter(text, byArn, at) };
  if (parameterName.test(text)) {
    const name = text.replace(/^\//, "");
    const arn = `arn:${place.partition}:ssm:${place.region}:${place.account}:parameter/${name}`;
    return { read: true, needs: needParameter(arn, name, at) };
  }
  // Not quoted: people write a secret itself here by mistake.
  return { read: false, why: `${at} names neither a secret nor a parameter.` };
}

/** What `repositoryCredentials.credentialsParameter` needs (R45): the ARN of a secret, or its name. */
export function readCredentialsParameter(parameter: string, at: string, place: BatchPlace): ReadNeeds {
  const text = parameter.trim();
  const secret = secretArn.exec(text)?.[1];
  if (secret !== undefined) return { read: true, needs: [needSecret(secret, "registry", at)] };
  if (/^[\w/+=.@!-]{1,512}$/.test(text)) {
    const { partition, region, account } = place;
    const arn = `arn:${partition}:secretsmanager:${region}:${account}:secret:${text}`;
    return { read: true, needs: [needSecret(`${arn}-??????`, "registry", at)] };
  }
  return { read: false, why: `${at} names no secret.` };
}

/** The grant to make a log group, which the guide's policy does not hold (R38), where a definition asks for one. */
export function needLogGroup(
  options: Readonly<Record<string, string>>,
  at: string,
  { partition, region, account }: BatchPlace,
): readonly Need[] {
  if (options["awslogs-create-group"] !== "true") return [];
  const group = options["awslogs-group"] ?? "/aws/batch/job";
  const where = options["awslogs-region"] ?? region;
  const resource = `arn:${partition}:logs:${where}:${account}:log-group:${group}`;
  return [{ action: "logs:CreateLogGroup", resource, what: "log", at }];
}

function needSecret(resource: string, what: "secret" | "registry", at: string): Need {
  return { action: getSecret, resource: withSuffix(resource), what, at };
}

// Secrets Manager puts six characters behind a secret's name; an ARN without them finds the secret all the same.
function withSuffix(secret: string): string {
  return /-[A-Za-z0-9]{6}$|-\?{6}$/.test(secret) ? secret : `${secret}-??????`;
}

function needParameter(arn: string, name: string, at: string): readonly Need[] {
  const parameter: Need = { action: getParameters, resource: arn, what: "parameter", at };
  const secret = secretReference.exec(name)?.[1];
  if (secret === undefined) return [parameter];
  const [, partition, , region, account] = arn.split(":");
  const resource = `arn:${partition}:secretsmanager:${region}:${account}:secret:${secret}`;
  return [parameter, { action: getSecret, resource: `${resource}-??????`, what: "secret", at }];
}
