import { matchesName } from "../config/name-pattern.ts";
import type { Person } from "../respond/person.ts";

/**
 * Whether the owner lists a person among those who may approve; an empty list holds everybody. A session counts by the ARN
 * of its role, never by its name.
 */
export function mayApprove({ principal }: Pick<Person, "principal">, approvers: readonly string[]): boolean {
  return approvers.length === 0 || approvers.some((pattern) => matchesName(pattern, principal));
}
