import { type IAMClient, paginateListRoles } from "@aws-sdk/client-iam";
import { RoleUnreadableError } from "@drift-guard/core/errors";
import { formatFailure } from "../failure.ts";
import { expectMember, validatePages } from "./pages.ts";

const call = "ListRoles";
// The page limit of the call.
const pageSize = 1000;

/** Yields the names of all roles of the account (`iam:ListRoles`). Throws `RoleUnreadableError`. */
export async function* listRoleNames(client: IAMClient): AsyncIterable<string> {
  try {
    for await (const page of validatePages(call, paginateListRoles({ client, pageSize }, {}))) {
      for (const { RoleName } of page.Roles ?? []) yield expectMember(RoleName, call, "RoleName");
    }
  } catch (error) {
    if (error instanceof RoleUnreadableError) throw error;
    throw new RoleUnreadableError(
      `The account's roles could not be listed: ${formatFailure(error, `iam:${call}`)}`,
      { cause: error },
    );
  }
}
