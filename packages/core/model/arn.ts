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

/** Parses the ARN of one resource; undefined if the text is no ARN. Patterns of ARNs are for `@drift-guard/policy`. */
export function parseArn(text: string): Arn | undefined {
  const [prefix, partition, service, region, account, ...resource] = text.split(":");
  if (prefix !== "arn" || !partition || !service || region === undefined || account === undefined) {
    return undefined;
  }
  return resource.length === 0
    ? undefined
    : { partition, service, region, account, resource: resource.join(":") };
}

/** Returns the last segment of an ARN or path: `service-role/AWSBatchServiceRole` becomes `AWSBatchServiceRole`. */
export function lastSegment(text: string): string {
  return text.slice(text.lastIndexOf("/") + 1);
}
