import { type AccountClient, paginateListRegions, RegionOptStatus } from "@aws-sdk/client-account";
import type { AccountRegions } from "@drift-guard/core/batch/account-regions";
import { formatFailure } from "../failure.ts";
import { describeAccountRegions } from "./described-regions.ts";

// The page limit of the call.
const pageSize = 50;

/**
 * Lists the Regions of the caller's account (`account:ListRegions`). A Region that is being enabled or disabled counts as
 * enabled, because it may have resources. If that fails and `second.ec2` is set, lists them by `ec2:DescribeRegions`, at the
 * given endpoint or else at AWS's. Throws nothing: if the Regions cannot be listed, the result says why.
 */
export async function listAccountRegions(
  client: AccountClient,
  second: { readonly ec2?: { readonly endpoint: string | undefined } } = {},
): Promise<AccountRegions> {
  const listed = await listRegions(client);
  if (listed.status === "listed" || !second.ec2) return listed;
  const described = await describeAccountRegions(client, second.ec2.endpoint);
  if (described.status === "listed") return described;
  return { status: "unlisted", why: `${listed.why} ${described.why}` };
}

async function listRegions(client: AccountClient): Promise<AccountRegions> {
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
