import { LinkedRoleRefusedError } from "@drift-guard/core/errors";
import type { LinkedRole } from "@drift-guard/core/linked-role/linked-role";
import { type LinkedRoleTask, permissionFor } from "@drift-guard/core/linked-role/permission";

// IAM names the kind of policy that denied a call where an Allow alone does not help.
const otherPolicies =
  /explicit deny|(?:service|resource) control polic|session polic|permissions boundary|VPC endpoint polic/i;

/**
 * Runs calls of a task on a service-linked role. If IAM denies one, throws the refusal with the statement to ask for (R16,
 * R21, R24), as JSON that can be pasted into a policy.
 */
export async function explainDenials<T>(
  task: LinkedRoleTask,
  { role, partition }: { readonly role: LinkedRole; readonly partition: string },
  run: () => Promise<T>,
): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof LinkedRoleRefusedError) || !/^AccessDenied/.test(error.code)) throw error;
    const statement = JSON.stringify(permissionFor(task, role, { partition }), undefined, 2);
    const more = otherPolicies.test(error.message)
      ? " The answer names another policy that must allow the call too: this statement alone is not enough."
      : "";
    throw new LinkedRoleRefusedError(
      `${error.message}\nAsk for this statement in the permissions policy of the identity that made the call.${more}\n${statement}`,
      error.code,
      { cause: error },
    );
  }
}
