import { listBatchRegions } from "./regions.ts";

/**
 * The Regions of an account as AWS lists them (T15). A Region that is not enabled answers like one whose credentials are
 * wrong, so only the list tells them apart; `unlisted` says why there is none.
 */
export type AccountRegions =
  | { readonly status: "listed"; readonly enabled: readonly string[]; readonly notEnabled: readonly string[] }
  | { readonly status: "unlisted"; readonly why: string };

/** The Regions to read AWS Batch in, and those that are left out. Each list is sorted. */
export interface RegionChoice {
  readonly read: readonly string[];
  /** Regions that the account has not enabled. Calls there fail, and nothing of AWS Batch runs there. */
  readonly notEnabled: readonly string[];
  /** Other Regions of the partition, which may have anything. */
  readonly leftOut: readonly string[];
  /** Why the account's Regions could not be listed: a Region of `read` may then not be enabled. */
  readonly unlisted?: string;
}

/**
 * Chooses the Regions to read AWS Batch in: those of `asked`, or else every enabled Region of the partition (R25, R35). If
 * the account's Regions could not be listed, every Region that is known to have AWS Batch counts as enabled. Those of
 * `also` are read too, unless the account has not enabled them.
 */
export function chooseRegions(
  partition: string,
  account: AccountRegions,
  { asked, also = [] }: { readonly asked?: readonly string[]; readonly also?: readonly string[] } = {},
): RegionChoice {
  const disabled = new Set(account.status === "listed" ? account.notEnabled : []);
  const enabled = new Set([
    ...(account.status === "listed" ? account.enabled : []),
    ...[...listBatchRegions(partition), ...also].filter((region) => !disabled.has(region)),
  ]);
  const wanted = new Set(asked ? [...asked, ...also] : enabled);
  return {
    read: [...wanted].filter((region) => !disabled.has(region)).toSorted(),
    notEnabled: [...disabled].toSorted(),
    leftOut: [...enabled].filter((region) => !wanted.has(region)).toSorted(),
    ...(account.status === "unlisted" && { unlisted: account.why }),
  };
}
