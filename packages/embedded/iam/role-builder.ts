import { StepRefusedError } from "@drift-guard/core/errors";
import type { BuildStep } from "@drift-guard/core/model/fix";
import type { RoleBuilder } from "@drift-guard/core/ports";
import type { IamAnswer, IamCall } from "./call.ts";

/**
 * Creates a builder of roles that makes its calls with `call`; `hasProfile` tells whether an instance profile exists. Throws
 * `StepRefusedError` if the account refuses a call.
 */
export function createRoleBuilder(
  call: (call: IamCall) => IamAnswer,
  hasProfile: (name: string) => boolean,
): RoleBuilder {
  const make = (role: string, one: IamCall) => {
    const answer = call(one);
    if (answer.status === "done") return { requestId: answer.requestId };
    const { code, message, requestId } = answer;
    throw new StepRefusedError(
      `IAM refused iam:${one.call} on the role ${role}: ${message} (${code})`,
      code,
      {
        requestId,
      },
    );
  };
  return {
    async build(step) {
      const calls = listCalls(step, hasProfile);
      const [last, ...earlier] = calls.toReversed();
      for (const one of earlier) make(step.role, one);
      return last ? make(step.role, last) : {};
    },
  };
}

function listCalls(step: BuildStep, hasProfile: (name: string) => boolean): readonly IamCall[] {
  const roleName = step.role;
  switch (step.call) {
    case "iam:CreateRole":
      return [
        {
          call: "CreateRole",
          roleName,
          path: step.path,
          assumeRolePolicyDocument: step.document,
          ...(step.boundary !== undefined && { permissionsBoundary: step.boundary }),
          ...(step.description !== undefined && { description: step.description }),
          ...(step.maxSession !== undefined && { maxSessionDuration: step.maxSession }),
          ...(step.tags && { tags: Object.entries(step.tags).map(([key, value]) => ({ key, value })) }),
        },
      ];
    case "iam:AddRoleToInstanceProfile": {
      const instanceProfileName = step.profile;
      return [
        ...(hasProfile(instanceProfileName)
          ? []
          : [{ call: "CreateInstanceProfile", instanceProfileName } as const]),
        { call: "AddRoleToInstanceProfile", instanceProfileName, roleName },
      ];
    }
  }
}
