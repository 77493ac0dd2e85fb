import { chooseRegions } from "@drift-guard/core/batch/account-regions";
import { type LinkedRole, linkedRoleArn, linkedRoles } from "@drift-guard/core/linked-role/linked-role";
import type { AccountScan } from "@drift-guard/core/linked-role/status";
import { sameRoleName } from "@drift-guard/core/model/role";
import type { LinkedRoleKeeper, RoleReader } from "@drift-guard/core/ports";
import { sanitise } from "@drift-guard/formats/printable";
import { createRegionReader, scanRegions } from "@drift-guard/guard/linked-role/uses";
import { ec2Endpoint, identifyLiveAccount, type LiveAccount } from "../account-source.ts";
import { UsageError } from "../command.ts";
import { loadConfig } from "../config.ts";

/** The options that every subcommand of `slr` has. */
export const commonOptions = {
  role: { type: "string", value: "a NAME" },
  config: { type: "string", value: "a FILE" },
  json: { type: "boolean", default: false },
} as const;

/** The options of the subcommands that scan regions for what uses the role. */
export const regionOptions = { ...commonOptions, regions: { type: "string", value: "a LIST" } } as const;

/** The live account, with readers and writers for one service-linked role. */
export interface LinkedRoleSession extends LiveAccount {
  readonly role: LinkedRole;
  readonly arn: string;
  readonly reader: RoleReader;
  readonly keeper: LinkedRoleKeeper;
  /**
   * Finds what uses the role in every Region of the partition that the account has enabled, or in those of `asked` alone;
   * in either case in those of the configuration file too. A Region that cannot be read has the status `unread`.
   */
  scan(asked: readonly string[] | undefined): Promise<AccountScan>;
}

/**
 * Opens the live account for one of Batch's service-linked roles, AWSServiceRoleForBatch by default. Throws `UsageError`
 * for any other role, `ConfigError` for a configuration file that cannot be read, and `AccountUnreadableError`.
 */
export async function openLinkedRoleSession({
  role: roleName,
  config: file,
}: {
  readonly role?: string;
  readonly config?: string;
}): Promise<LinkedRoleSession> {
  const role = chooseRole(roleName);
  const also = file === undefined ? [] : (await loadConfig(file)).regions.batch;
  const live = await identifyLiveAccount();
  const [iam, { BatchClient }, { AccountClient }, { createRoleReader }, keeping, batch, services, regions] =
    await Promise.all([
      import("@aws-sdk/client-iam"),
      import("@aws-sdk/client-batch"),
      import("@aws-sdk/client-account"),
      import("@drift-guard/aws/iam/reader"),
      import("@drift-guard/aws/iam/linked-role"),
      import("@drift-guard/aws/batch/reader"),
      import("@drift-guard/aws/batch/service-environments"),
      import("@drift-guard/aws/batch/account-regions"),
    ]);
  const client = new iam.IAMClient({ region: live.region });
  const arn = linkedRoleArn(role, live);
  const clientOf = (region: string) => new BatchClient({ region });
  const read =
    role.usedBy === "compute environments"
      ? createRegionReader(batch.createBatchReader(clientOf, live), arn)
      : services.createServiceEnvironmentReader(clientOf);
  return {
    ...live,
    role,
    arn,
    reader: createRoleReader(client, live),
    keeper: keeping.createLinkedRoleKeeper(client),
    async scan(asked) {
      const client = new AccountClient({ region: live.region });
      const listed = await regions.listAccountRegions(client, { ec2: { endpoint: ec2Endpoint() } });
      const { read: chosen, ...others } = chooseRegions(live.partition, listed, {
        ...(asked && { asked }),
        also,
      });
      return { ...others, scans: await scanRegions(chosen, read) };
    },
  };
}

function chooseRole(name = "AWSServiceRoleForBatch"): LinkedRole {
  const role = linkedRoles.find((each) => sameRoleName(each.name, name));
  if (role) return role;
  const known = linkedRoles.map((each) => each.name).join(", ");
  throw new UsageError(
    `${sanitise(name, 80)} is not a service-linked role of AWS Batch: --role takes ${known}.`,
  );
}

/**
 * Returns the Regions of `--regions`; undefined, which means every Region, if the option is absent or names `all` (R25).
 * Throws `UsageError` for a text that is not a Region.
 */
export function parseRegions(regions: string | undefined): readonly string[] | undefined {
  const asked = (regions ?? "all").split(",").map((part) => part.trim());
  if (asked.includes("all")) return undefined;
  return asked.filter((region) => region !== "").map(readRegion);
}

function readRegion(text: string): string {
  if (/^[a-z]{2,}(?:-[a-z]+)+-\d+$/.test(text)) return text;
  throw new UsageError(
    `${sanitise(text, 40)} is not a region: --regions takes a list such as eu-west-1,us-east-1, or all.`,
  );
}
