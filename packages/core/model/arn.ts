/** The fields of an ARN: `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`. */
export interface Arn {
  readonly partition: string;
  readonly service: string;
  /** Empty for services without regions, such as IAM. */
  readonly region: string;
  /** An account id, `aws` for what AWS owns, or empty. */
  readonly account: string;
  /** May contain colons and slashes: `role/service-role/AWSBatchServiceRole`. */
  readonly resource: string;
}

/** The ARN of an entity of IAM: `arn:PARTITION:iam::ACCOUNT:TYPE/PATH/NAME`. */
export interface IamArn {
  readonly partition: string;
  /** 12 digits, or `aws` for what AWS owns. */
  readonly account: string;
  /** `role`, `policy`, `instance-profile`, `user`, `group`, … */
  readonly type: string;
  /** `/`, or a path that starts and ends with a slash. */
  readonly path: string;
  readonly name: string;
}

const uniqueId = /^A(?:RO|ID)A[A-Z0-9]+$/;

/**
 * Whether a trust policy names a role or user that was deleted: IAM then shows its unique id (`AROA…`, `AIDA…`), which
 * matches nobody, in place of its ARN (docs/aws-facts.md, "IAM reads and writes").
 */
export function isDeletedPrincipal(id: string): boolean {
  return uniqueId.test(id);
}

const word = /^[\w-]+$/;
const entity = /^([\w-]+)(\/(?:.+\/)?)([^/]+)$/;

/** Parses the ARN of one resource; undefined if the text is no ARN. Patterns of ARNs are for `@drift-guard/policy`. */
export function parseArn(text: string): Arn | undefined {
  const [prefix, partition = "", service = "", region, account, ...resource] = text.split(":");
  if (prefix !== "arn" || !word.test(partition) || !word.test(service)) return undefined;
  if (region === undefined || account === undefined || resource.length === 0) return undefined;
  return { partition, service, region, account, resource: resource.join(":") };
}

/**
 * Parses the ARN of an IAM role, policy, instance profile, user or group; undefined if the text is none. The characters
 * and lengths of path and name are not checked.
 */
export function parseIamArn(text: string): IamArn | undefined {
  const { partition = "", service, region, account = "", resource = "" } = parseArn(text) ?? {};
  if (service !== "iam" || region !== "" || !/^(?:\d{12}|aws)$/.test(account)) return undefined;
  const [, type, path, name] = entity.exec(resource) ?? [];
  if (type === undefined || path === undefined || name === undefined) return undefined;
  return { partition, account, type, path, name };
}

/** Returns the text of an ARN: the inverse of `parseArn`. */
export function formatArn({ partition, service, region, account, resource }: Arn): string {
  return `arn:${partition}:${service}:${region}:${account}:${resource}`;
}

/** Returns the last segment of an ARN or path: `service-role/AWSBatchServiceRole` becomes `AWSBatchServiceRole`. */
export function lastSegment(text: string): string {
  return text.slice(text.lastIndexOf("/") + 1);
}
