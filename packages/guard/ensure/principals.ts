import { isDeletedPrincipal, parseIamArn } from "@drift-guard/core/model/arn";
import { tryParsePolicy } from "@drift-guard/core/policy-json";
import type { RoleReader } from "@drift-guard/core/ports";

/**
 * Returns why IAM would refuse a trust policy, as sentences: it names a role of the account that does not exist, or a
 * deleted principal by its unique id (docs/aws-facts.md, "IAM reads and writes"). Principals that only IAM can look up,
 * such as those of other accounts, are not checked. Throws `RoleUnreadableError`.
 */
export async function findPrincipalProblem(
  document: string,
  account: string,
  roles: Pick<RoleReader, "read">,
): Promise<string | undefined> {
  for (const id of listAwsPrincipals(document)) {
    if (isDeletedPrincipal(id)) {
      return `The trust policy to write names a deleted principal, ${id}, and IAM takes no such policy. Take it out of the reference.`;
    }
    const arn = parseIamArn(id);
    if (arn?.type !== "role" || arn.account !== account) continue;
    const reading = await roles.read(arn.name);
    if (reading.status === "present" && reading.role.arn === id) continue;
    const why = reading.status === "absent" ? "which does not exist" : `and that role is ${reading.role.arn}`;
    return `The trust policy to write names ${id}, ${why}: IAM takes no such policy. Create that role first, or correct the reference.`;
  }
  return undefined;
}

/**
 * Returns the roles and users that a trust policy names and the live one does not, if the live one names a deleted
 * principal: one of them may have its name, and be another.
 */
export function findNewPrincipals(live: string, document: string): readonly string[] {
  const before = listAwsPrincipals(live);
  if (!before.some(isDeletedPrincipal)) return [];
  return listAwsPrincipals(document).filter(
    (id) => !before.includes(id) && ["role", "user"].includes(parseIamArn(id)?.type ?? ""),
  );
}

function listAwsPrincipals(document: string): readonly string[] {
  const statements = tryParsePolicy(document)?.statements ?? [];
  const ids = statements.flatMap(({ principals }) =>
    (principals?.entries ?? []).flatMap(({ type, id }) => (type === "AWS" ? [id] : [])),
  );
  return [...new Set(ids)];
}
