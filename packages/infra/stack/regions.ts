import type { Config } from "@drift-guard/core/config/config";

/** The partition that a region belongs to, by the region's prefix. */
export function partitionOf(region: string): string {
  if (region.startsWith("cn-")) return "aws-cn";
  if (region.startsWith("us-gov-")) return "aws-us-gov";
  return "aws";
}

/** The one region of a partition that IAM's events are delivered to (platform-facts 5.1). */
export function iamRegionOf(partition: string): string {
  if (partition === "aws-cn") return "cn-north-1";
  if (partition === "aws-us-gov") return "us-gov-west-1";
  return "us-east-1";
}

/** A region other than the guard's own, and whose events it forwards. */
export interface ForwardedRegion {
  readonly region: string;
  readonly services: readonly ("iam" | "batch")[];
}

/** The regions whose events must be forwarded to the guard's; its own is never among them. */
export function forwardedRegions(regions: Config["regions"]): ForwardedRegion[] {
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
