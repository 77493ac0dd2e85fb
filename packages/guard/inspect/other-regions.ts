import { chooseRegions } from "@drift-guard/core/batch/account-regions";
import { usesOfDefinition } from "@drift-guard/core/batch/uses";
import { BatchUnreadableError } from "@drift-guard/core/errors";
import type { BatchReader, RegionLister } from "@drift-guard/core/ports";

/**
 * Whether job definitions use a role in the account's Regions outside the configuration: `unknown` if the Regions could not
 * be listed or not all be read.
 */
export type OtherUse = "used" | "unused" | "unknown";

/** Answers whether job definitions in other Regions use a role. */
export type OtherRegions = (role: string) => Promise<OtherUse>;

/** Where the other Regions are found and read. */
interface OtherRegionsPorts {
  readonly batch: Pick<BatchReader, "definitions">;
  /** Without it, every answer is `unknown`. */
  readonly listRegions?: RegionLister | undefined;
}

// Regions are throttled each by itself; more at once would only fill the network.
const parallelRegions = 8;

/**
 * Looks for uses of roles in every enabled Region of the account except `known` ones (T12). Nothing is read before the
 * first question, and each Region is read once. Nothing is recorded: the guard does not watch these Regions. `signal` ends
 * the reading.
 */
export function lookInOtherRegions(
  { batch, listRegions }: OtherRegionsPorts,
  { partition, known }: { readonly partition: string; readonly known: readonly string[] },
  signal?: AbortSignal,
): OtherRegions {
  const read = async (): Promise<OtherUse | ReadonlySet<string>> => {
    const account = await listRegions?.();
    if (account?.status !== "listed") return "unknown";
    const others = chooseRegions(partition, account).read.filter((region) => !known.includes(region));
    return findRoles(others, batch, signal);
  };
  let reading: ReturnType<typeof read> | undefined;
  return async (role) => {
    reading ??= read();
    const found = await reading;
    if (typeof found === "string") return found;
    return found.has(role.toLowerCase()) ? "used" : "unused";
  };
}

/** Returns the lower-cased names of the roles that the definitions of some Regions use; `unknown` if not all could be read. */
async function findRoles(
  regions: readonly string[],
  batch: Pick<BatchReader, "definitions">,
  signal: AbortSignal | undefined,
): Promise<"unknown" | ReadonlySet<string>> {
  const queue = [...regions];
  const roles = new Set<string>();
  let isUnread = false;
  const work = async () => {
    for (let region = queue.shift(); region !== undefined && !isUnread; region = queue.shift()) {
      try {
        for await (const definition of batch.definitions(region)) {
          for (const role of usesOfDefinition([definition]).keys()) roles.add(role.toLowerCase());
          if (signal?.aborted) isUnread = true;
          if (isUnread) return;
        }
      } catch (error) {
        if (!(error instanceof BatchUnreadableError)) throw error;
        isUnread = true;
      }
    }
  };
  await Promise.all(Array.from({ length: parallelRegions }, work));
  return isUnread ? "unknown" : roles;
}
