import { findReference } from "@drift-guard/core/references";
import type { RoleKey } from "@drift-guard/core/role";
import { plain } from "./plain.ts";

/**
 * The ARN of a finding's role.
 *
 * A finding keeps its role's name, not its path. The reference knows the path of a service-linked role; any other is
 * told without one, which is how IAM names it in messages as well.
 */
export function roleArn({ account, name }: RoleKey, partition = "aws"): string {
  return `arn:${partition}:iam::${plain(account)}:role${findReference(name)?.path ?? "/"}${plain(name)}`;
}
