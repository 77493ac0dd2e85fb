import type { AgentFeature } from "@drift-guard/core/batch/agent-version";
import type { ComputeEnvironment } from "@drift-guard/core/batch/batch";
import type { EnvironmentUse, RoleUse } from "@drift-guard/core/batch/role-use";
import type { UsesByRole } from "@drift-guard/core/batch/uses";
import { AgentsUnreadableError } from "@drift-guard/core/errors";
import type { AgentReader, UsageStore } from "@drift-guard/core/ports";

/** What job definitions ask of the ECS agent, and where the versions of agents are read. */
export interface AgentsQuestion {
  /** Reads the agents; undefined where they are not read now. */
  readonly reader: AgentReader | undefined;
  /** What the active job definitions of the environment's Region ask of the agent; undefined where they are not read now. */
  readonly features: readonly AgentFeature[] | undefined;
}

/**
 * Returns a compute environment's uses with the oldest ECS agent version of its instances (R37), and with what job
 * definitions ask of it (T14). Both are added to the use of the instance role, or of the service role where the environment
 * names no instance role. Where one is not visible now, the last recorded one is kept: an environment without instances
 * will start the same agent again.
 * Throws `AgentsUnreadableError`, `StoreUnavailableError`.
 */
export async function withOldestAgent(
  environment: ComputeEnvironment,
  uses: UsesByRole,
  { reader, features }: AgentsQuestion,
  account: string,
  usage: Pick<UsageStore, "usesOf">,
): Promise<UsesByRole> {
  const { region, name, cluster, roles } = environment;
  if (cluster === undefined) return uses;
  const visible = await reader?.oldestAgent(region, cluster);
  const duty = roles.some((role) => role.duty === "instance") ? "instance" : "service";
  const isConcerned = (use: RoleUse): use is EnvironmentUse =>
    use.kind === "compute-environment" && use.region === region && use.name === name && use.duty === duty;
  const updated = new Map<string, readonly RoleUse[]>();
  for (const [role, all] of uses) {
    const isKnown = visible !== undefined && features !== undefined;
    const recorded = !isKnown && all.some(isConcerned) ? await usage.usesOf({ account, name: role }) : [];
    const before = recorded.find(isConcerned);
    const oldestAgent = visible ?? before?.oldestAgent;
    const agentFeatures = features ?? before?.agentFeatures ?? [];
    updated.set(
      role,
      all.map((use) =>
        isConcerned(use) && oldestAgent !== undefined
          ? { ...use, oldestAgent, ...(agentFeatures.length > 0 && { agentFeatures }) }
          : use,
      ),
    );
  }
  return updated;
}

/** A reader of ECS agents that stops after its first failure, so that a region's other uses are still recorded. */
export interface AgentsUntilFailure {
  readonly reader: AgentReader | undefined;
  /** The first failure, or undefined. */
  failure(): AgentsUnreadableError | undefined;
}

/** Wraps a reader of ECS agents: after its first failure it returns undefined for every cluster. */
export function readAgentsUntilFailure(agents: AgentReader | undefined): AgentsUntilFailure {
  let failure: AgentsUnreadableError | undefined;
  return {
    reader: agents && {
      async oldestAgent(region, cluster) {
        if (failure) return undefined;
        try {
          return await agents.oldestAgent(region, cluster);
        } catch (error) {
          if (!(error instanceof AgentsUnreadableError)) throw error;
          failure = error;
          return undefined;
        }
      },
    },
    failure: () => failure,
  };
}
