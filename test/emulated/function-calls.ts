import assert from "node:assert/strict";
import { paginateListRoles } from "@aws-sdk/client-iam";
import type { Role } from "@drift-guard/core/model/role";
import { decide } from "@drift-guard/policy/decide";
import { parsePolicy } from "@drift-guard/policy/parse";
import type { GuardedAccount } from "./account.ts";
import { listDocuments, listPermissionsFor, type NeededPermission } from "./permission.ts";

/** Reads the role of one of the guard's functions. */
export async function roleOfFunction({ roles }: GuardedAccount, name: string): Promise<Role> {
  const reading = await roles.read(`drift-guard-local-${name}`);
  if (reading.status === "absent") throw new assert.AssertionError({ message: `${name} has no role` });
  return reading.role;
}

/** The permissions that each function's calls so far needed, by the function's name. */
export async function neededByFunction({
  local,
  iam,
}: GuardedAccount): Promise<ReadonlyMap<string, readonly NeededPermission[]>> {
  const roles = new Map<string, string>();
  for await (const { Roles = [] } of paginateListRoles({ client: iam }, {})) {
    for (const { RoleName = "", Arn = "" } of Roles) roles.set(RoleName.toLowerCase(), Arn);
  }
  const needed = new Map<string, NeededPermission[]>();
  for (const call of local.recorder.listCalls()) {
    const name = /:assumed-role\/drift-guard-local-(\w+)\//.exec(call.caller.arn)?.[1];
    if (name === undefined) continue;
    needed.set(name, [
      ...(needed.get(name) ?? []),
      ...listPermissionsFor(call, `drift-guard-local-${name}`, roles),
    ]);
  }
  return needed;
}

/** Asserts that the role of each function allows every call that the function made, on the resources that it names. */
export async function assertAllowed(account: GuardedAccount): Promise<void> {
  for (const [name, calls] of await neededByFunction(account)) {
    const documents = listDocuments(await roleOfFunction(account, name)).map((text) => parsePolicy(text));
    for (const call of calls)
      assert.equal(decide(call, documents), "allowed", `${name}: ${JSON.stringify(call)}`);
  }
}
