import { LinkedRoleRefusedError } from "@drift-guard/core/errors";
import type { LastUse, RoleActivity } from "@drift-guard/core/linked-role/linked-role";
import { seen, unseen } from "@drift-guard/core/model/role";
import type { LinkedRoleKeeper } from "@drift-guard/core/ports";
import type { IamAnswer, IamCall, IamResult } from "./call.ts";
import { completeDeletions, readDeletion } from "./linked-roles.ts";
import { IamRefusedError } from "./refused-error.ts";
import { expectRole, type IamState } from "./state.ts";

type ReadingCall = "GetRole" | "GetServiceLinkedRoleDeletionStatus" | "GenerateServiceLastAccessedDetails";

/** The account as one caller may use it. */
export interface CallerAccess {
  /** Makes a writing call as the caller. */
  call(call: IamCall): IamAnswer;
  /** Returns IAM's message if the caller may not make a reading call, otherwise undefined. */
  denial(permission: ReadingCall): string | undefined;
}

/**
 * Creates a keeper of the service-linked roles of a simulated account. Throws `LinkedRoleRefusedError` if the account
 * refuses a call.
 */
export function createLinkedRoleKeeper(state: IamState, access: CallerAccess): LinkedRoleKeeper {
  const write = (call: IamCall): IamResult => {
    const answer = access.call(call);
    if (answer.status === "done") return answer.result;
    throw refused(call.call, answer.code, answer.message);
  };
  const refuseDenied = (permission: ReadingCall) => {
    const denial = access.denial(permission);
    if (denial !== undefined) throw refused(permission, "AccessDenied", denial);
  };
  return {
    create: async (awsServiceName) => {
      const result = write({ call: "CreateServiceLinkedRole", awsServiceName });
      return result.kind === "role" ? result.name : "";
    },
    delete: async (roleName) => {
      const result = write({ call: "DeleteServiceLinkedRole", roleName });
      return result.kind === "deletion" ? result.taskId : "";
    },
    async deletionStatus(taskId) {
      refuseDenied("GetServiceLinkedRoleDeletionStatus");
      completeDeletions(state);
      try {
        return readDeletion(state, taskId);
      } catch (error) {
        if (error instanceof IamRefusedError && error.code === "NoSuchEntity") return undefined;
        throw error;
      }
    },
    async activity(roleName) {
      refuseDenied("GetRole");
      completeDeletions(state);
      try {
        return activityOf(
          state.uses.get(expectRole(state, roleName).id) ?? new Map(),
          access.denial("GenerateServiceLastAccessedDetails"),
        );
      } catch (error) {
        if (error instanceof IamRefusedError) throw refused("GetRole", error.code, error.message);
        throw error;
      }
    },
    async describe(roleName, description) {
      const answer = access.call({ call: "UpdateRole", roleName, description });
      if (answer.status === "done") return;
      // The AWS Batch guide's policy for this edit allows only the older call (R21, T6).
      if (answer.code === "AccessDenied") write({ call: "UpdateRoleDescription", roleName, description });
      else throw refused("UpdateRole", answer.code, answer.message);
    },
  };
}

function activityOf(uses: ReadonlyMap<string, LastUse>, denial: string | undefined): RoleActivity {
  const services = [...uses]
    .map(([service, use]) => ({ service, ...use }))
    .toSorted((a, b) => b.at.localeCompare(a.at));
  const [latest] = services;
  return {
    role: seen(
      latest ? { at: latest.at, ...(latest.region !== undefined && { region: latest.region }) } : null,
    ),
    services: denial === undefined ? seen(services) : unseen(denial),
  };
}

function refused(call: string, code: string, message: string): LinkedRoleRefusedError {
  return new LinkedRoleRefusedError(`IAM refused iam:${call}: ${message} (${code})`, code);
}
