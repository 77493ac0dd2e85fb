import {
  DescribeContainerInstancesCommand,
  type ECSClient,
  paginateListContainerInstances,
} from "@aws-sdk/client-ecs";
import { findOldestAgent } from "@drift-guard/core/batch/agent-version";
import { AgentsUnreadableError } from "@drift-guard/core/errors";
import type { AgentReader } from "@drift-guard/core/ports";
import { errorCodeOf, formatFailure, isDenied } from "../failure.ts";

// What DescribeContainerInstances takes at once, and the most that ListContainerInstances gives in a page.
const mostInstances = 100;

/** Reads Amazon ECS, each region through the client that `clientOf` gives for it, which is asked for once. */
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
  // Draining instances take no more tasks, so that their agents hold nothing up.
  const pages = paginateListContainerInstances(
    { client, pageSize: mostInstances },
    { cluster, status: "ACTIVE" },
  );
  for await (const { containerInstanceArns: containerInstances = [] } of pages) {
    if (containerInstances.length === 0) continue;
    const answer = await client.send(new DescribeContainerInstancesCommand({ cluster, containerInstances }));
    for (const { versionInfo } of answer.containerInstances ?? []) {
      // An instance that shows no version is not taken for a new one.
      versions.push(versionInfo?.agentVersion ?? "unknown");
    }
  }
  return versions;
}
