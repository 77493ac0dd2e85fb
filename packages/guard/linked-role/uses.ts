import { BatchUnreadableError } from "@drift-guard/core/errors";
import type { RegionScan } from "@drift-guard/core/linked-role/status";
import type { BatchReader, RegionReader } from "@drift-guard/core/ports";

/** Reads what uses a service-linked role in each region. A region that cannot be read is returned with the reason. */
export function scanRegions(regions: readonly string[], read: RegionReader): Promise<readonly RegionScan[]> {
  return Promise.all(
    regions.map((region) =>
      read(region).catch((error: unknown): RegionScan => {
        if (error instanceof BatchUnreadableError) return { region, status: "unread", why: error.message };
        throw error;
      }),
    ),
  );
}

/**
 * Creates a reader of the compute environments whose service role has an ARN, and of their job queues. A role of the same
 * name at another path is another role (2.9).
 */
export function createRegionReader(batch: BatchReader, roleArn: string): RegionReader {
  return async (region) => {
    const environments = [];
    for await (const { name, state, status, roles } of batch.environments(region)) {
      const uses = roles.some((role) => role.duty === "service" && role.arn === roleArn);
      // AWS Batch lists deleted environments for some time.
      if (uses && status !== "DELETED") environments.push({ region, name, state, status });
    }
    const using = new Set(environments.map(({ name }) => name));
    const queues = [];
    if (using.size > 0) {
      for await (const queue of batch.queues(region)) {
        if (queue.environments.some((name) => using.has(name))) queues.push(queue);
      }
    }
    return { region, status: "read", environments, queues };
  };
}
