import { StepRefusedError, StepUnansweredError } from "@drift-guard/core/errors";
import type { StepReceipt } from "@drift-guard/core/ports";
import { errorCodeOf, formatFailure, isRefusal, requestIdOf } from "../failure.ts";

/**
 * Runs a call of a step on a role and returns IAM's receipt. Throws `StepRefusedError` with IAM's code if IAM refuses
 * the call, which then changed nothing, and `StepUnansweredError` if it is unknown whether IAM carried it out. `call` is the
 * IAM action, such as `iam:CreateRole`.
 */
export async function runStepCall(
  call: string,
  role: string,
  sent: Promise<{
    readonly $metadata: { readonly requestId?: string | undefined; readonly attempts?: number | undefined };
  }>,
): Promise<StepReceipt> {
  try {
    const { requestId, attempts = 1 } = (await sent).$metadata;
    return { ...(requestId && { requestId }), ...(attempts > 1 && { repeated: true as const }) };
  } catch (error) {
    const what = `${call} on the role ${role}`;
    const why = formatFailure(error, call);
    const code = errorCodeOf(error);
    if (code !== undefined && isRefusal(error)) {
      throw new StepRefusedError(`IAM refused ${what}: ${why}`, code, {
        cause: error,
        requestId: requestIdOf(error),
      });
    }
    throw new StepUnansweredError(`It is unknown whether ${what} was carried out: ${why}`, { cause: error });
  }
}
