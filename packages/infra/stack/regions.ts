import type { Config } from "@drift-guard/core/config/config";
import { iamRegionOf } from "@drift-guard/core/model/iam-region";

const partitionsByPrefix = {
  "cn-": "aws-cn",
  "us-gov-": "aws-us-gov",
  "eusc-": "aws-eusc",
  "us-iso-": "aws-iso",
  "us-isob-": "aws-iso-b",
  "eu-isoe-": "aws-iso-e",
  "us-isof-": "aws-iso-f",
};

/** Returns the partition of a region, by the region's prefix; `aws` if no other partition has it. */
export function partitionOf(region: string): string {
  return Object.entries(partitionsByPrefix).find(([prefix]) => region.startsWith(prefix))?.[1] ?? "aws";
}

/** A region other than the guard's own, and the services whose events it forwards. */
export interface ForwardedRegion {
  readonly region: string;
  readonly services: readonly ("iam" | "batch")[];
}

/** Lists the regions whose events must be forwarded to the guard's region, in alphabetical order. */
export function listForwardedRegions(regions: Config["regions"]): ForwardedRegion[] {
  const iam = iamRegionOf(partitionOf(regions.guard));
  const others = new Set([iam, ...regions.batch]);
  others.delete(regions.guard);
  return [...others].sort().map((region) => ({
    region,
    services: [
      ...(region === iam ? (["iam"] as const) : []),
      ...(regions.batch.includes(region) ? (["batch"] as const) : []),
    ],
  }));
}
