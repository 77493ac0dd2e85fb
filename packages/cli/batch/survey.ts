import type { UnreadRegion } from "@drift-guard/core/batch/unread-regions";
import type { AgentReader, BatchReader, RoleReader, UsageStore } from "@drift-guard/core/ports";
import type { OtherRegions } from "@drift-guard/guard/inspect/other-regions";
import { refreshRegion } from "@drift-guard/guard/inspect/usage";
import type { GuardSettings } from "@drift-guard/guard/ports";

/** AWS Batch of one account, and how much of it can be read. */
export interface BatchSource {
  readonly batch: BatchReader;
  /** Reads ECS agents; left out for files. */
  readonly agents?: AgentReader;
  /** The files, the endpoint, or `AWS`. */
  readonly from: readonly string[];
  /** The Regions to read. */
  readonly regions: readonly string[];
  /** Whether the Regions are all in which the guard looks for uses. */
  readonly coversAll: boolean;
  /** Looks for uses in enabled Regions that are not among `regions`; left out if there are none. */
  readonly otherRegions?: OtherRegions;
  /** Why the account's Regions could not be listed. */
  readonly unlisted?: string;
  /** Commands whose output is absent from the files, and commands whose output is cut. */
  readonly absent?: readonly string[];
  readonly cut?: readonly string[];
}

/** What AWS Batch uses roles for, as it was just read. */
export interface BatchSurvey
  extends Pick<BatchSource, "from" | "unlisted" | "absent" | "cut" | "otherRegions"> {
  readonly usage: Pick<UsageStore, "usesOf" | "users">;
  /** The Regions that were read to their end. */
  readonly regions: readonly string[];
  readonly unread: readonly UnreadRegion[];
  /** Whether everything was read in which the guard looks for uses. */
  readonly isComplete: boolean;
  close(): void;
}

// Regions are throttled each by itself; more at once would only fill the network.
const parallelRegions = 8;

/**
 * Reads AWS Batch in every Region of a source, as the guard's sweep does, into a store in memory. `onRegion` is called with
 * the number of Regions that are done. A Region that cannot be read is in `unread`.
 */
export async function surveyBatch(
  source: BatchSource,
  roles: Pick<RoleReader, "rolesBehind">,
  settings: GuardSettings,
  onRegion: (done: number) => void = () => {},
): Promise<BatchSurvey> {
  const { batch, agents, from, regions, coversAll, otherRegions, unlisted, absent = [], cut = [] } = source;
  // Loaded here, because a check without AWS Batch needs no database.
  const [{ openDatabase }, { createUsageStore }] = await Promise.all([
    import("@drift-guard/embedded/sqlite/database"),
    import("@drift-guard/embedded/sqlite/usage"),
  ]);
  const database = openDatabase(":memory:");
  const usage = createUsageStore(database);
  const failures = new Map<string, string>();
  const queue = [...regions];
  let done = 0;
  const work = async () => {
    for (let region = queue.shift(); region !== undefined; region = queue.shift()) {
      const ports = { batch, roles, usage, ...(agents && { agents }) };
      const why = await refreshRegion(region, ports, settings);
      if (why !== undefined) failures.set(region, why);
      done += 1;
      onRegion(done);
    }
  };
  await Promise.all(Array.from({ length: parallelRegions }, work));
  const unread = regions.flatMap((region) => {
    const why = failures.get(region);
    return why === undefined ? [] : [{ region, why }];
  });
  return {
    usage,
    from,
    regions: regions.filter((region) => !failures.has(region)),
    unread,
    isComplete: coversAll && unread.length === 0,
    absent,
    cut,
    ...(otherRegions && { otherRegions }),
    ...(unlisted !== undefined && { unlisted }),
    close: () => database.close(),
  };
}
