import { type Arn, formatArn, parseArn } from "../model/arn.ts";
import type { AgentFeature } from "./agent-version.ts";
import type { BatchPlace } from "./batch.ts";
import type { Need } from "./role-use.ts";

/** The permissions that reading a secret or parameter needs, or why its name could not be parsed. */
export type ReadNeeds =
  | {
      readonly read: true;
      readonly needs: readonly Need[];
      /** Set if ECS refuses the text or finds nothing by it: one sentence, with its path and the right form. */
      readonly refused?: string;
      /** What it asks of the ECS agent. */
      readonly features: readonly AgentFeature[];
    }
  | { readonly read: false; readonly why: string };

const getSecret = "secretsmanager:GetSecretValue";
const getParameters = "ssm:GetParameters";
const parameterName = /^\/?[\w.-]+(?:\/[\w.-]+)*$/;
// Two slashes after `parameter`, and a version or label after a colon, are written by mistake.
const parameterResource = /^parameter(\/{1,2})([\w.-]+(?:\/[\w.-]+)*)(:[\w.-]{1,100})?$/;
// Only a path: `user:password` may be the secret itself, written here by mistake.
const parameterPath = /^\/([\w.-]+(?:\/[\w.-]+)*):[\w.-]{1,100}$/;
// A JSON key, a version stage and a version id may follow, separated by colons
// (docs/aws-facts.md, "Secrets, parameters and keys").
const secretResource = /^(secret:[\w/+=.@!-]{1,519})((?::[^:]*)*)$/;
// The longest name of a parameter, with room for an ARN around it.
const maxText = 2200;
// Parameter Store offers each secret of Secrets Manager as a parameter of this name.
const secretReference = /^aws\/reference\/secretsmanager\/(.+)$/;

/**
 * Returns the permissions that a secret's `valueFrom` needs (R46). It names a parameter by ARN, name or path; a secret
 * by ARN, which a JSON key and a version may follow; or a parameter that refers to a secret, which needs both. `at` is
 * the path in the job definition.
 */
export function readValueFrom(valueFrom: string, at: string, place: BatchPlace): ReadNeeds {
  const text = valueFrom.trim();
  const secret = readSecretArn(text);
  if (secret) {
    const refused = refuseParts(secret, at);
    const needs = [needSecret(secret.arn, "secret", at)];
    const features: readonly AgentFeature[] = secret.parts.some((part) => part !== "")
      ? ["secret", "secret-part"]
      : ["secret"];
    return { read: true, needs, features, ...(refused !== undefined && { refused }) };
  }
  if (text.length > maxText) return { read: false, why: `${at} is longer than any name of a secret.` };
  const parameter = readParameterArn(text) ?? readParameterName(text, place);
  if (parameter) {
    const { arn, name, right } = parameter;
    const refused = right === undefined ? {} : { refused: `${at} ${right}` };
    return { read: true, needs: needParameter(arn, name, at), features: ["parameter"], ...refused };
  }
  // Not quoted: the text may be the secret itself, written here by mistake.
  return { read: false, why: `${at} names neither a secret nor a parameter.` };
}

interface ParameterText {
  readonly arn: string;
  /** Without the leading slash. */
  readonly name: string;
  /** Set if ECS finds no parameter by the text: the rest of a sentence, with the right form. */
  readonly right?: string;
}

// docs/aws-facts.md, "Secrets, parameters and keys"
const newestOnly =
  "asks for a version or label of a parameter, and ECS reads only the newest version of one.";

function readParameterArn(text: string): ParameterText | undefined {
  const given = parseRegionalArn(text, "ssm");
  const [, slashes, name, selector] = parameterResource.exec(given?.resource ?? "") ?? [];
  if (!given || name === undefined) return undefined;
  const arn = formatArn({ ...given, resource: `parameter/${name}` });
  if (slashes === "//") {
    return { arn, name, right: `has two slashes after parameter, and the ARN has one. Write ${arn}.` };
  }
  return { arn, name, ...(selector !== undefined && { right: `${newestOnly} Write ${arn}.` }) };
}

function readParameterName(text: string, place: BatchPlace): ParameterText | undefined {
  const versioned = parameterPath.exec(text)?.[1];
  if (versioned === undefined && !parameterName.test(text)) return undefined;
  const name = versioned ?? text.replace(/^\//, "");
  const arn = `arn:${place.partition}:ssm:${place.region}:${place.account}:parameter/${name}`;
  return { arn, name, ...(versioned !== undefined && { right: `${newestOnly} Write /${name}.` }) };
}

/** Returns the permissions that `repositoryCredentials.credentialsParameter` needs (R45): a secret's ARN or name. */
export function readCredentialsParameter(parameter: string, at: string, place: BatchPlace): ReadNeeds {
  const text = parameter.trim();
  const secret = readSecretArn(text);
  if (secret) {
    const needs = [needSecret(secret.arn, "registry", at)];
    const features = ["registry"] as const;
    if (secret.parts.length === 0) return { read: true, needs, features };
    return {
      read: true,
      needs,
      features,
      refused: `${at} names parts of a secret, and takes none. Write ${secret.arn}.`,
    };
  }
  if (/^[\w/+=.@!-]{1,512}$/.test(text)) {
    const { partition, region, account } = place;
    const arn = `arn:${partition}:secretsmanager:${region}:${account}:secret:${text}`;
    return { read: true, needs: [needSecret(`${arn}-??????`, "registry", at)], features: ["registry"] };
  }
  return { read: false, why: `${at} names no secret.` };
}

// The values that the log driver reads as true (Go's strconv.ParseBool).
const isTrue = /^(?:1|t|T|TRUE|true|True)$/;
const groupName = /^[\w./#-]{1,512}$/;
const regionName = /^[a-z0-9-]{1,32}$/;

/**
 * Returns the permission to create the log group, if the definition asks for it (T11): the guide's policy lacks it (R38).
 * Its resource ends in `:*`, the form that CloudWatch Logs matches (docs/aws-facts.md, "Log groups").
 */
export function needLogGroup(
  options: Readonly<Record<string, string | undefined>>,
  at: string,
  { partition, region, account }: BatchPlace,
): ReadNeeds {
  if (!isTrue.test(options["awslogs-create-group"] ?? "")) return { read: true, needs: [], features: [] };
  const group = options["awslogs-group"] ?? "/aws/batch/job";
  const where = options["awslogs-region"] ?? region;
  if (!groupName.test(group)) return { read: false, why: `${at}.awslogs-group is no name of a log group.` };
  if (!regionName.test(where)) return { read: false, why: `${at}.awslogs-region is no Region.` };
  const resource = `arn:${partition}:logs:${where}:${account}:log-group:${group}:*`;
  return { read: true, needs: [{ action: "logs:CreateLogGroup", resource, what: "log", at }], features: [] };
}

/** A secret's ARN, and what follows it after colons: JSON key, version stage and version id. */
interface SecretText {
  readonly arn: string;
  readonly parts: readonly string[];
}

function readSecretArn(text: string): SecretText | undefined {
  const arn = parseRegionalArn(text, "secretsmanager");
  const [, resource, rest = ""] = secretResource.exec(arn?.resource ?? "") ?? [];
  if (!arn || resource === undefined) return undefined;
  return { arn: formatArn({ ...arn, resource }), parts: rest.split(":").slice(1) };
}

const versionId = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;

/**
 * Returns why the ECS agent refuses the parts after a secret's ARN, with the right form; undefined if it accepts them. It
 * accepts none or three (docs/aws-facts.md, "Secrets, parameters and keys").
 */
function refuseParts({ arn, parts }: SecretText, at: string): string | undefined {
  if (parts.length === 0 || parts.length === 3) return undefined;
  const given = parts.filter((part) => part !== "");
  const isShort = parts.length < 3 && given.every((part) => /^[\w./@+=-]{1,100}$/.test(part));
  const right = !isShort
    ? ":JSON-KEY:VERSION-STAGE:VERSION-ID"
    : given.length === 1 && versionId.test(given[0] ?? "")
      ? `:::${given[0]}`
      : `:${[...parts, "", ""].slice(0, 3).join(":")}`;
  const count = `${parts.length} part${parts.length === 1 ? "" : "s"}`;
  return `${at} has ${count} after the secret's name, and the ECS agent takes none or three. Write ${arn}${given.length === 0 ? "" : right}.`;
}

function parseRegionalArn(text: string, service: string): Arn | undefined {
  const arn = parseArn(text);
  const isRegional = arn?.service === service && /^[\w-]+$/.test(arn.region) && /^\d{12}$/.test(arn.account);
  return isRegional ? arn : undefined;
}

function needSecret(resource: string, what: "secret" | "registry", at: string): Need {
  return { action: getSecret, resource: withSuffix(resource), what, at };
}

// Secrets Manager appends six random characters to a secret's name in its ARN; job definitions may leave them out
// (docs/aws-facts.md, "Secrets, parameters and keys").
function withSuffix(secret: string): string {
  return /-[A-Za-z0-9]{6}$|-\?{6}$/.test(secret) ? secret : `${secret}-??????`;
}

function needParameter(arn: string, name: string, at: string): readonly Need[] {
  const parameter: Need = { action: getParameters, resource: arn, what: "parameter", at };
  const secret = secretReference.exec(name)?.[1];
  if (secret === undefined) return [parameter];
  const { partition, region, account } = parseArn(arn) ?? {};
  const resource = `arn:${partition}:secretsmanager:${region}:${account}:secret:${secret}`;
  return [parameter, { action: getSecret, resource: `${resource}-??????`, what: "secret", at }];
}
