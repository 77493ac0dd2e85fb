import { parseArn } from "@drift-guard/core/model/arn";
import type { Finding } from "@drift-guard/core/model/finding";
import { findReference } from "@drift-guard/core/reference/built-in";
import { sanitise } from "./printable.ts";

/**
 * The ARN of a finding's role, as last read.
 *
 * For a role that was never read, the ARN is built from its name and the path of its built-in reference; without such a
 * path it is built without one, as in IAM's own messages.
 */
export function findRoleArn(
  { arn, role: { account, name } }: Pick<Finding, "arn" | "role">,
  partition = "aws",
): string {
  if (arn !== undefined) return sanitise(arn, 512);
  return `arn:${partition}:iam::${sanitise(account)}:role${findReference(name)?.path ?? "/"}${sanitise(name)}`;
}

/**
 * Returns the partition of a finding's role: that of its ARN, or of the actor's ARN if the role was never read. `aws` if
 * neither is known.
 */
export function partitionOf({ arn, evidence }: Pick<Finding, "arn" | "evidence">): string {
  const actor = "actor" in evidence ? evidence.actor.arn : undefined;
  return (
    [arn, actor].map((text) => parseArn(text ?? "")?.partition).find((known) => known !== undefined) ?? "aws"
  );
}
