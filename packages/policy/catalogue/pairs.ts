/**
 * Which services' resources the actions of each service accept, on a date: `secretsmanager` accepts ARNs of
 * `secretsmanager`, and `ssm` accepts ARNs of `ssm`, `s3`, `iam`, `ec2` and `ecs`.
 */
export interface PairTable {
  /** Date of the source, such as `2026-09-26`. */
  readonly date: string;
  /** The npm package that the table comes from, with its version. */
  readonly source: string;
  /**
   * Services whose actions accept ARNs of their own service only, sorted. Each begins with a capital letter for the
   * number of characters that it shares with the one before: `AacmD-pca` for `acm` and `acm-pca`. The table is part of
   * every bundle.
   */
  readonly own: string;
  /**
   * The other services, separated by spaces: `ssm+s3,iam` also accepts its own ARNs, `ebs=ec2` does not. `*` stands for
   * any ARN.
   */
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
  const accepted = new Map<string, readonly string[]>();
  let service = "";
  for (const entry of own.split(/(?=[A-Z])/)) {
    service = service.slice(0, entry.charCodeAt(0) - 65) + entry.slice(1);
    accepted.set(service, [service]);
  }
  for (const line of others.split(" ")) {
    const [name = "", list = ""] = line.split(/[+=]/);
    accepted.set(name, [...list.split(","), ...(line.includes("+") ? [name] : [])]);
  }
  const known = new Set([...accepted.values()].flat());
  return (actionService, arnService) => {
    const list = accepted.get(actionService);
    return list === undefined || !known.has(arnService) || list.includes(arnService) || list.includes("*");
  };
}
