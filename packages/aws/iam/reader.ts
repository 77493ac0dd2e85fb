import type { IAMClient } from "@aws-sdk/client-iam";
import type { RoleReader } from "@drift-guard/core/ports";
import type { AwsAccount } from "../account.ts";
import { readRoles } from "./account-details.ts";
import { createPolicyReader } from "./policies.ts";
import { readRole } from "./role.ts";
import { listRoleNames } from "./role-names.ts";
import { findRolesBehind } from "./roles-behind.ts";

/**
 * Creates a reader of roles. It keeps the documents of managed policies for its whole life, so create one for each
 * invocation: a customer policy that is deleted and created again reuses the version id `v1`. `onPage` is called with the number of
 * roles so far when `readMany` has read a page.
 */
export function createRoleReader(
  client: IAMClient,
  at: AwsAccount,
  onPage?: (roles: number) => void,
): RoleReader {
  const policies = createPolicyReader(client);
  return {
    read: (name) => readRole(client, policies, at, name),
    readMany: (names, needsSettings = () => false) =>
      readRoles(client, policies, at, { names, needsSettings, ...(onPage && { onPage }) }),
    names: () => listRoleNames(client),
    rolesBehind: (subject) => findRolesBehind(client, at, subject),
  };
}
