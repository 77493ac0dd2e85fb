import { parseIamArn } from "./arn.ts";

/** Whether AWS owns a managed policy: no account can edit it. */
export function isOwnedByAws(policyArn: string): boolean {
  const arn = parseIamArn(policyArn);
  return arn?.account === "aws" && arn.type === "policy";
}

/** Whether a version id such as `v9` precedes another. False if either has another form. */
export function isOlderVersion(id: string, other: string): boolean {
  const numberOf = (text: string) => Number(/^v(\d+)$/.exec(text)?.[1] ?? Number.NaN);
  return numberOf(id) < numberOf(other);
}

/** A customer-managed policy as it is now, whether or not the role has it. */
export interface LivePolicy {
  readonly arn: string;
  /** At most five. Documents are JSON text. */
  readonly versions: readonly { readonly id: string; readonly isDefault: boolean; readonly text: string }[];
  /** Names of the roles, users and groups that have it attached or as their boundary; undefined if they were not listed. */
  readonly holders?: readonly string[];
}
