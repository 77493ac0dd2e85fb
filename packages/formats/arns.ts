import type { Finding } from "@drift-guard/core/model/finding";
import { findReference } from "@drift-guard/core/reference/built-in";
import { sanitise } from "./printable.ts";

/**
 * The ARN of a finding's role, as last read.
 *
 * Of a role that was never read the name is known and the path is not. The reference knows the path of a
 * service-linked role; any other is told without one, which is how IAM names it in messages as well.
 */
export function findRoleArn(
  { arn, role: { account, name } }: Pick<Finding, "arn" | "role">,
  partition = "aws",
): string {
  if (arn !== undefined) return sanitise(arn, 512);
  return `arn:${partition}:iam::${sanitise(account)}:role${findReference(name)?.path ?? "/"}${sanitise(name)}`;
}
