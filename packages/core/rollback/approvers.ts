import { matchesName } from "../config/name-pattern.ts";
import type { Approval } from "../model/approval.ts";
import type { Person } from "../respond/person.ts";

/**
 * Whether the owner lists a person among those who may approve; an empty list holds everybody. A session counts by the ARN
 * of its role, never by its name. The local user, whom no STS knows, owns the embedded guard and may approve.
 */
export function mayApprove(
  { principal, userId }: Pick<Person, "principal" | "userId">,
  approvers: readonly string[],
): boolean {
  if (userId === undefined || approvers.length === 0) return true;
  return approvers.some((pattern) => matchesName(pattern, principal));
}

/** Whether the person who gave an approval may still approve: the owner may have changed the list since. */
export function isByApprover(
  { by, principal = by, userId }: Pick<Approval, "by" | "principal" | "userId">,
  approvers: readonly string[],
): boolean {
  return mayApprove({ principal, ...(userId !== undefined && { userId }) }, approvers);
}
