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
