import {
  GetInstanceProfileCommand,
  type IAMClient,
  type PolicyUsageType,
  paginateListEntitiesForPolicy,
} from "@aws-sdk/client-iam";
import { RoleUnreadableError } from "@drift-guard/core/errors";
import { isPossibleSubject } from "@drift-guard/core/intake/subject-validation";
import type { Subject } from "@drift-guard/core/model/change";
import type { AwsAccount } from "../account.ts";
import { errorCodeOf, formatFailure } from "../failure.ts";
import { collectPages, expectMember } from "./pages.ts";

/**
 * Returns the names of the roles that a subject concerns: the roles that a policy is attached to or bounds
 * (`iam:ListEntitiesForPolicy`, all pages), or the role in an instance profile (`iam:GetInstanceProfile`). Returns an empty
 * list if the subject does not exist, and makes no call if it cannot exist in the account. Throws `RoleUnreadableError`.
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
      return orNone(`the policy ${subject.arn}`, "iam:ListEntitiesForPolicy", async () => {
        const lists = await Promise.all([
          listRolesWith(client, subject.arn, "PermissionsPolicy"),
          listRolesWith(client, subject.arn, "PermissionsBoundary"),
        ]);
        return [...new Set(lists.flat())];
      });
    case "profile":
      return orNone(`the instance profile ${subject.name}`, "iam:GetInstanceProfile", async () => {
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

async function listRolesWith(
  client: IAMClient,
  arn: string,
  usage: PolicyUsageType,
): Promise<readonly string[]> {
  const call = "ListEntitiesForPolicy";
  const pages = paginateListEntitiesForPolicy(
    { client },
    { PolicyArn: arn, EntityFilter: "Role", PolicyUsageFilter: usage },
  );
  const roles = await collectPages(call, pages, (page) => page.PolicyRoles);
  return roles.map(({ RoleName }) => expectMember(RoleName, call, "RoleName"));
}

const codesOfMissing = new Set<string | undefined>(["NoSuchEntity", "ValidationError", "InvalidInput"]);

async function orNone(
  subject: string,
  permission: string,
  list: () => Promise<readonly string[]>,
): Promise<readonly string[]> {
  try {
    return await list();
  } catch (error) {
    // IAM deletes a policy or profile only after the last role has released it, and each release had its own event. If
    // IAM rejects the name as malformed, no role uses it.
    if (codesOfMissing.has(errorCodeOf(error))) return [];
    if (error instanceof RoleUnreadableError) throw error;
    throw new RoleUnreadableError(
      `The roles behind ${subject} are unknown: ${formatFailure(error, permission)}`,
      {
        cause: error,
      },
    );
  }
}
