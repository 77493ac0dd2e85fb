import {
  CreateServiceLinkedRoleCommand,
  DeleteServiceLinkedRoleCommand,
  GetRoleCommand,
  GetServiceLinkedRoleDeletionStatusCommand,
  type GetServiceLinkedRoleDeletionStatusCommandOutput,
  type IAMClient,
  UpdateRoleCommand,
  UpdateRoleDescriptionCommand,
} from "@aws-sdk/client-iam";
import { LinkedRoleRefusedError, LinkedRoleUnansweredError } from "@drift-guard/core/errors";
import type { LastUse } from "@drift-guard/core/linked-role/linked-role";
import type { DeletionStatus } from "@drift-guard/core/model/deletion";
import { instantOf } from "@drift-guard/core/model/instant";
import { type Observed, seen } from "@drift-guard/core/model/role";
import type { LinkedRoleKeeper } from "@drift-guard/core/ports";
import { errorCodeOf, formatFailure, isDenied, isRefusal, isThrottled } from "../failure.ts";
import { type ReportPolling, readServiceUses } from "./last-accessed.ts";

/**
 * Creates a keeper of service-linked roles. Each method calls the IAM action of its name; `deletionStatus` calls
 * `iam:GetServiceLinkedRoleDeletionStatus`; `activity` calls `iam:GetRole` and `readServiceUses`, which polls as `polling`
 * says; `describe` calls `iam:UpdateRole`, or `iam:UpdateRoleDescription` if that is denied.
 *
 * Throws `LinkedRoleRefusedError` if IAM refuses a call, and `LinkedRoleUnansweredError` if IAM gives no usable answer.
 */
export function createLinkedRoleKeeper(client: IAMClient, polling?: ReportPolling): LinkedRoleKeeper {
  return {
    async create(service) {
      const { Role } = await ask(
        "CreateServiceLinkedRole",
        `the service-linked role of ${service}`,
        client.send(new CreateServiceLinkedRoleCommand({ AWSServiceName: service })),
      );
      return expect(Role?.RoleName, "CreateServiceLinkedRole", "RoleName");
    },
    async delete(roleName) {
      const { DeletionTaskId } = await ask(
        "DeleteServiceLinkedRole",
        roleName,
        client.send(new DeleteServiceLinkedRoleCommand({ RoleName: roleName })),
      );
      return expect(DeletionTaskId, "DeleteServiceLinkedRole", "DeletionTaskId");
    },
    async deletionStatus(taskId) {
      try {
        const command = new GetServiceLinkedRoleDeletionStatusCommand({ DeletionTaskId: taskId });
        return statusOf(await client.send(command));
      } catch (error) {
        if (errorCodeOf(error) === "NoSuchEntity") return undefined;
        if (!isThrottled(error)) throw toLinkedRoleError("GetServiceLinkedRoleDeletionStatus", taskId, error);
        const why = formatFailure(error, "iam:GetServiceLinkedRoleDeletionStatus");
        throw new LinkedRoleUnansweredError(why, { cause: error });
      }
    },
    async activity(roleName) {
      const { Role } = await ask(
        "GetRole",
        roleName,
        client.send(new GetRoleCommand({ RoleName: roleName })),
      );
      const arn = expect(Role?.Arn, "GetRole", "Arn");
      return {
        role: lastUseOf(Role?.RoleLastUsed),
        services: await readServiceUses(client, arn, polling),
      };
    },
    async describe(roleName, description) {
      const input = { RoleName: roleName, Description: description };
      try {
        await client.send(new UpdateRoleCommand(input));
      } catch (error) {
        if (!isDenied(error)) throw toLinkedRoleError("UpdateRole", roleName, error);
        // The AWS Batch guide's policy for this edit allows only the older call (R21, T6).
        await ask("UpdateRoleDescription", roleName, client.send(new UpdateRoleDescriptionCommand(input)));
      }
    },
  };
}

function statusOf(answer: GetServiceLinkedRoleDeletionStatusCommandOutput): DeletionStatus {
  const { Status, Reason } = answer;
  switch (Status) {
    case "NOT_STARTED":
    case "IN_PROGRESS":
    case "SUCCEEDED":
      return { status: Status };
    case "FAILED":
      return {
        status: Status,
        ...(Reason?.Reason !== undefined && { reason: Reason.Reason }),
        usage: (Reason?.RoleUsageList ?? []).map((usage) => ({
          region: usage.Region ?? "",
          resources: usage.Resources ?? [],
        })),
      };
    default:
      throw new LinkedRoleUnansweredError(
        `IAM's answer to GetServiceLinkedRoleDeletionStatus has the unknown status ${Status}. Ask again later.`,
      );
  }
}

// GetRole reports uses of the last 400 days, and an empty object if there was none.
function lastUseOf(
  used: { readonly LastUsedDate?: Date | undefined; readonly Region?: string | undefined } | undefined,
): Observed<LastUse | null> {
  if (!used?.LastUsedDate) return seen(null);
  return seen({ at: instantOf(used.LastUsedDate), ...(used.Region && { region: used.Region }) });
}

async function ask<T>(call: string, target: string, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw toLinkedRoleError(call, target, error);
  }
}

function toLinkedRoleError(
  call: string,
  target: string,
  error: unknown,
): LinkedRoleRefusedError | LinkedRoleUnansweredError {
  const permission = `iam:${call}`;
  const why = formatFailure(error, permission);
  const code = errorCodeOf(error);
  if (code !== undefined && isRefusal(error)) {
    return new LinkedRoleRefusedError(`IAM refused ${permission} on ${target}: ${why}`, code, {
      cause: error,
    });
  }
  const effect = call.startsWith("Get") ? "could not be read" : "may or may not have taken effect";
  return new LinkedRoleUnansweredError(`${permission} on ${target} ${effect}: ${why}`, { cause: error });
}

function expect<T>(value: T | undefined, call: string, member: string): T {
  if (value !== undefined) return value;
  throw new LinkedRoleUnansweredError(
    `IAM's answer to ${call} has no ${member}. Check the endpoint that answered.`,
  );
}
