import {
  GetInstanceProfileCommand,
  type IAMClient,
  type PolicyUsageType,
  paginateListEntitiesForPolicy,
} from "@aws-sdk/client-iam";
import { RoleUnreadableError } from "@drift-guard/core/errors";
import { isPossibleSubject } from "@drift-guard/core/intake/subject-shape";
import type { Subject } from "@drift-guard/core/model/change";
import type { AwsAccount } from "../account.ts";
import { errorCodeOf, formatFailure } from "../failure.ts";
import { collectPages, expectMember } from "./pages.ts";

/**
 * The names of the roles behind a subject; none where it is gone, or can never have been in the account.
 * Throws `RoleUnreadableError`.
 */
export async function findRolesBehind(
  client: IAMClient,
  at: AwsAccount,
  subject: Subject,
): Promise<readonly string[]> {
  if (!isPossibleSubject(subject, at)) return [];
  switch (subject.kind) {
    case "role":
      return [subject.name];
    case "policy":
      return whereThere(`the policy ${subject.arn}`, "iam:ListEntitiesForPolicy", async () => {
        const lists = await Promise.all([
          listUsers(client, subject.arn, "PermissionsPolicy"),
          listUsers(client, subject.arn, "PermissionsBoundary"),
        ]);
        return [...new Set(lists.flat())];
      });
    case "profile":
      return whereThere(`the instance profile ${subject.name}`, "iam:GetInstanceProfile", async () => {
        const answer = await client.send(
          new GetInstanceProfileCommand({ InstanceProfileName: subject.name }),
        );
        const roles = answer.InstanceProfile?.Roles ?? [];
        return roles.map(({ RoleName }) => expectMember(RoleName, "GetInstanceProfile", "RoleName"));
      });
    case "compute-environment":
    case "job-definition":
      return [];
  }
}

async function listUsers(client: IAMClient, arn: string, usage: PolicyUsageType): Promise<readonly string[]> {
  const call = "ListEntitiesForPolicy";
  const pages = paginateListEntitiesForPolicy(
    { client },
    { PolicyArn: arn, EntityFilter: "Role", PolicyUsageFilter: usage },
  );
  const roles = await collectPages(call, pages, (page) => page.PolicyRoles);
  return roles.map(({ RoleName }) => expectMember(RoleName, call, "RoleName"));
}

const nothingThere = new Set<string | undefined>(["NoSuchEntity", "ValidationError", "InvalidInput"]);

async function whereThere(
  what: string,
  permission: string,
  list: () => Promise<readonly string[]>,
): Promise<readonly string[]> {
  try {
    return await list();
  } catch (error) {
    // IAM lets go of a policy or profile only when no role holds it any more, and told those changes on their own. What
    // it takes for no ARN or name at all can be behind no role either.
    if (nothingThere.has(errorCodeOf(error))) return [];
    if (error instanceof RoleUnreadableError) throw error;
    throw new RoleUnreadableError(
      `The roles behind ${what} are unknown: ${formatFailure(error, permission)}`,
      {
        cause: error,
      },
    );
  }
}
