import type { IAMClient } from "@aws-sdk/client-iam";
import type { RoleReader } from "@drift-guard/core/ports";
import type { AwsAccount } from "../account.ts";
import { readRoles } from "./account.ts";
import { createPolicyReader } from "./policies.ts";
import { readRole } from "./role.ts";
import { findRolesBehind } from "./roles-behind.ts";

/**
 * Reads roles from IAM. Documents of managed policies are kept as long as the reader is, so make one for each
 * invocation: a customer policy that was deleted and made anew has a `v1` again.
 */
export function createRoleReader(client: IAMClient, at: AwsAccount): RoleReader {
  const policies = createPolicyReader(client);
  return {
    read: (name) => readRole(client, policies, at, name),
    readMany: (names) => readRoles(client, policies, at, names),
    rolesBehind: (subject) => findRolesBehind(client, at, subject),
  };
}
