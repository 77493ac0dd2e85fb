/**
 * Which services' resources the actions of each service accept, on a date: `secretsmanager` accepts ARNs of
 * `secretsmanager`, and `ssm` accepts ARNs of `ssm`, `s3`, `iam`, `ec2` and `ecs`.
 */
export interface PairTable {
  /** Date of the source, such as `2026-09-26`. */
  readonly date: string;
  /** The npm package that the table comes from, with its version. */
  readonly source: string;
  /** Services whose actions accept ARNs of their own service only, separated by spaces. */
  readonly own: string;
  /** The other services: `ssm=ssm,s3,iam` for each, separated by spaces; `*` where any ARN may be accepted. */
  readonly others: string;
}

/**
 * Whether actions of a service (`kms`) may accept an ARN with a service segment (`secretsmanager`). True if either is
 * unknown to the table. Both names in lower case.
 */
export type AcceptsArn = (actionService: string, arnService: string) => boolean;

/**
 * Returns the test that a table makes.
 *
 * Source: docs/aws-facts.md, "Actions and resources".
 */
export function readPairTable({ own, others }: PairTable): AcceptsArn {
  const accepted = new Map<string, readonly string[]>(own.split(" ").map((service) => [service, [service]]));
  for (const line of others.split(" ").filter((text) => text !== "")) {
    const [service = "", list = ""] = line.split("=");
    accepted.set(service, list.split(","));
  }
  const known = new Set([...accepted.values()].flat());
  return (actionService, arnService) => {
    const list = accepted.get(actionService);
    return list === undefined || !known.has(arnService) || list.includes(arnService) || list.includes("*");
  };
}
