import type { ComputeEnvironment } from "@drift-guard/core/batch/batch";
import type { EnvironmentUse, RoleUse } from "@drift-guard/core/batch/role-use";
import type { UsesByRole } from "@drift-guard/core/batch/uses";
import { AgentsUnreadableError } from "@drift-guard/core/errors";
import type { AgentReader, UsageStore } from "@drift-guard/core/ports";

/**
 * Says in the use of an environment's instance role, or of its service role where it names no instances' role, which
 * ECS agent its instances run (R37). What nothing shows now stays as it was last seen: an environment without instances
 * gives them the same agent again. Throws `AgentsUnreadableError`, `StoreUnavailableError`.
 */
export async function withOldestAgent(
  environment: ComputeEnvironment,
  uses: UsesByRole,
  agents: AgentReader | undefined,
  account: string,
  usage: Pick<UsageStore, "usesOf">,
): Promise<UsesByRole> {
  const { region, name, cluster, roles } = environment;
  if (cluster === undefined) return uses;
  const shown = await agents?.oldestAgent(region, cluster);
  const duty = roles.some((role) => role.duty === "instance") ? "instance" : "service";
  const concerns = (use: RoleUse): use is EnvironmentUse =>
    use.kind === "compute-environment" && use.region === region && use.name === name && use.duty === duty;
  const told = new Map<string, readonly RoleUse[]>();
  for (const [role, all] of uses) {
    const known =
      shown === undefined && all.some(concerns) ? await usage.usesOf({ account, name: role }) : [];
    const oldestAgent = shown ?? known.find(concerns)?.oldestAgent;
    told.set(
      role,
      all.map((use) => (concerns(use) && oldestAgent !== undefined ? { ...use, oldestAgent } : use)),
    );
  }
  return told;
}

/** Agents that are read until that fails once: the rest of a region is not kept waiting for it. */
export interface AgentsUntilFailure {
  readonly reader: AgentReader | undefined;
  /** Why not all were read. */
  failure(): AgentsUnreadableError | undefined;
}

/** Makes a reader of agents that keeps its first failure and shows nothing from then on. */
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
