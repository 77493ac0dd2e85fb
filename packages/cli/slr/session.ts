import { listBatchRegions } from "@drift-guard/core/batch/regions";
import { type LinkedRole, linkedRoleArn, linkedRoles } from "@drift-guard/core/linked-role/linked-role";
import type { RegionLook } from "@drift-guard/core/linked-role/standing";
import { sameRoleName } from "@drift-guard/core/model/role";
import type { LinkedRoleKeeper, RoleReader } from "@drift-guard/core/ports";
import { sanitise } from "@drift-guard/formats/printable";
import { createRegionReader, scanRegions } from "@drift-guard/guard/linked-role/uses";
import { identifyLiveAccount, type LiveAccount } from "../account-source.ts";
import { UsageError } from "../command.ts";
import { loadConfig } from "../config.ts";

/** The options that every one of `slr`'s commands has. */
export const commonOptions = {
  role: { type: "string" },
  config: { type: "string" },
  json: { type: "boolean", default: false },
} as const;

/** The options of those that look for what uses the role. */
export const regionOptions = { ...commonOptions, regions: { type: "string" } } as const;

/** The live account, as far as a service-linked role needs it. */
export interface LinkedRoleSession extends LiveAccount {
  readonly role: LinkedRole;
  readonly arn: string;
  readonly reader: RoleReader;
  readonly keeper: LinkedRoleKeeper;
  /** What works with the role, in each of these regions. */
  scanRegions(regions: readonly string[]): Promise<readonly RegionLook[]>;
}

/** Opens the live account for one of Batch's service-linked roles. */
export async function openLinkedRoleSession(roleName: string | undefined): Promise<LinkedRoleSession> {
  const role = chooseRole(roleName);
  const live = await identifyLiveAccount();
  const [iam, { BatchClient }, { createRoleReader }, keeping, batch, services] = await Promise.all([
    import("@aws-sdk/client-iam"),
    import("@aws-sdk/client-batch"),
    import("@drift-guard/aws/iam/reader"),
    import("@drift-guard/aws/iam/linked-role"),
    import("@drift-guard/aws/batch/reader"),
    import("@drift-guard/aws/batch/service-environments"),
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
    scanRegions: (regions) => scanRegions(regions, read),
  };
}

function chooseRole(name = "AWSServiceRoleForBatch"): LinkedRole {
  const role = linkedRoles.find((each) => sameRoleName(each.name, name));
  if (role) return role;
  const known = linkedRoles.map((each) => each.name).join(", ");
  throw new UsageError(`${sanitise(name, 80)} is no service-linked role of Batch's own. Those are ${known}.`);
}

/**
 * The regions to look in: those of the configuration, with those that are asked for; `all` stands for every region of
 * the partition that is known to have Batch (R25).
 */
export async function chooseRegions(
  { config, regions }: { readonly config?: string | undefined; readonly regions?: string | undefined },
  { partition }: Pick<LiveAccount, "partition">,
): Promise<readonly string[]> {
  const configured = (await loadConfig(config)).regions.batch;
  const asked = (regions ?? "").split(",").flatMap((part) => {
    const region = part.trim();
    if (region === "all") return listBatchRegions(partition);
    return region === "" ? [] : [readRegion(region)];
  });
  return [...new Set([...configured, ...asked])].toSorted();
}

function readRegion(text: string): string {
  if (/^[a-z]{2,}(?:-[a-z]+)+-\d+$/.test(text)) return text;
  throw new UsageError(
    `${sanitise(text, 40)} is no region. Give --regions as eu-west-1,us-east-1, or as all for every region that has Batch.`,
  );
}
