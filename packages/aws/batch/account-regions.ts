import { type AccountClient, paginateListRegions, RegionOptStatus } from "@aws-sdk/client-account";
import type { AccountRegions } from "@drift-guard/core/batch/account-regions";
import { formatFailure } from "../failure.ts";

// The page limit of the call.
const pageSize = 50;

/**
 * Lists the Regions of the caller's account (`account:ListRegions`). A Region that is being enabled or disabled counts as
 * enabled, because it may have resources. Throws nothing: if the Regions cannot be listed, the result says why.
 */
export async function listAccountRegions(client: AccountClient): Promise<AccountRegions> {
  const enabled: string[] = [];
  const notEnabled: string[] = [];
  try {
    for await (const { Regions = [] } of paginateListRegions({ client, pageSize }, {})) {
      for (const { RegionName, RegionOptStatus: status } of Regions) {
        if (RegionName === undefined) continue;
        (status === RegionOptStatus.DISABLED ? notEnabled : enabled).push(RegionName);
      }
    }
  } catch (error) {
    return { status: "unlisted", why: formatFailure(error, "account:ListRegions") };
  }
  if (enabled.length > 0) return { status: "listed", enabled, notEnabled };
  return { status: "unlisted", why: "account:ListRegions returned no enabled Region." };
}
