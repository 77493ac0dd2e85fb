import {
  DescribeContainerInstancesCommand,
  type ECSClient,
  paginateListContainerInstances,
} from "@aws-sdk/client-ecs";
import { findOldestAgent } from "@drift-guard/core/batch/agent-version";
import { AgentsUnreadableError } from "@drift-guard/core/errors";
import type { AgentReader } from "@drift-guard/core/ports";
import { errorCodeOf, formatFailure, isDenied } from "../failure.ts";

// The page limit of ListContainerInstances, and the number of instances that DescribeContainerInstances takes.
const pageSize = 100;

/**
 * Creates a reader of the ECS agents of clusters. It needs `ecs:ListContainerInstances` and
 * `ecs:DescribeContainerInstances`, and calls `clientOf` once per region.
 *
 * `oldestAgent` reads all pages. It returns undefined if ECS denies a call, if the cluster does not exist, or if it has no
 * active instance; it throws `AgentsUnreadableError` for every other failure.
 */
export function createAgentReader(clientOf: (region: string) => ECSClient): AgentReader {
  const clients = new Map<string, ECSClient>();
  return {
    async oldestAgent(region, cluster) {
      const client = clients.get(region) ?? clientOf(region);
      clients.set(region, client);
      try {
        return findOldestAgent(await readAgents(client, cluster));
      } catch (error) {
        if (isDenied(error) || errorCodeOf(error) === "ClusterNotFound") return undefined;
        throw new AgentsUnreadableError(
          `The ECS agents of ${cluster} could not be read: ${formatFailure(error, "ecs:ListContainerInstances, ecs:DescribeContainerInstances")}`,
          { cause: error },
        );
      }
    },
  };
}

async function readAgents(client: ECSClient, cluster: string): Promise<readonly string[]> {
  const versions: string[] = [];
  // Draining instances take no new tasks, so their agents do not matter.
  const pages = paginateListContainerInstances({ client, pageSize }, { cluster, status: "ACTIVE" });
  for await (const { containerInstanceArns: containerInstances = [] } of pages) {
    if (containerInstances.length === 0) continue;
    const answer = await client.send(new DescribeContainerInstancesCommand({ cluster, containerInstances }));
    for (const { versionInfo } of answer.containerInstances ?? []) {
      // An instance without a version counts as unknown, not as up to date.
      versions.push(versionInfo?.agentVersion ?? "unknown");
    }
  }
  return versions;
}
