import { LinkedRoleRefusedError } from "@drift-guard/core/errors";
import type { LinkedRole } from "@drift-guard/core/linked-role/linked-role";
import { type LinkedRoleTask, permissionFor } from "@drift-guard/core/linked-role/permission";
import { formatStatementAdvice } from "../statement-advice.ts";

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
    const advice = formatStatementAdvice(error.message, [permissionFor(task, role, { partition })]);
    throw new LinkedRoleRefusedError(`${error.message}\n${advice}`, error.code, { cause: error });
  }
}
