import {
  type ComputeEnvironment,
  type EnvironmentRole,
  type JobDefinition,
  type JobQueue,
  type JobTask,
  type NamedRole,
  usualExecutionRole,
} from "./batch.ts";
import type { DefinitionUse, EnvironmentUse, Need, RoleUse } from "./role-use.ts";

/** Uses of roles, by role name. */
export type UsesByRole = ReadonlyMap<string, readonly RoleUse[]>;

/**
 * Returns the uses of roles by a compute environment; none if it is deleted. `holders` maps the name of each instance
 * profile to the role that it holds, if any.
 */
export function usesOfEnvironment(
  environment: ComputeEnvironment,
  queues: readonly JobQueue[],
  holders: ReadonlyMap<string, string | undefined>,
): UsesByRole {
  const { region, name, state, status, statusReason } = environment;
  if (status === "DELETED") return new Map();
  const base = {
    kind: "compute-environment",
    region,
    name,
    state,
    status,
    ...(statusReason !== undefined && { statusReason }),
    queues: queues
      .filter((queue) => queue.region === region && queue.environments.includes(name))
      .map((queue) => queue.name)
      .sort(),
  } as const;
  const uses = environment.roles.map((role): readonly [string, EnvironmentUse] => {
    if ("arn" in role) return [role.name, { ...base, duty: role.duty, ...arnOf(role) }];
    const { duty, profile } = role;
    const holder = holders.get(profile);
    // The console gives profile and role the same name (2.1): that role is where an owner looks for the finding.
    return holder === undefined
      ? [profile, { ...base, duty, profile, profileEmpty: true }]
      : [holder, { ...base, duty, profile }];
  });
  return groupByRole(uses);
}

/** Returns the names of the instance profiles of a compute environment. */
export function profilesOf({ roles }: ComputeEnvironment): readonly string[] {
  return roles.flatMap((role: EnvironmentRole) => ("profile" in role ? [role.profile] : []));
}

// Revisions accumulate unless they are deregistered, and all uses of a role by one definition are one item of a table:
// the newest of equal revisions is kept, and the oldest are dropped beyond these limits. Characters are of JSON text.
const limits = { revisions: 50, characters: 200_000 };

/** Returns the uses of roles by the active revisions of one job definition, the newest first. */
export function usesOfDefinition(revisions: readonly JobDefinition[]): UsesByRole {
  const uses = revisions
    .filter(({ active }) => active)
    .toSorted((a, b) => b.revision - a.revision)
    .flatMap(usesOfRevision);
  return new Map([...groupByRole(uses)].map(([role, all]) => [role, limitUses(distinctUses(all))]));
}

function limitUses(uses: readonly RoleUse[]): readonly RoleUse[] {
  let characters = 0;
  return uses.slice(0, limits.revisions).filter((use, index) => {
    characters += JSON.stringify(use).length;
    return index === 0 || characters <= limits.characters;
  });
}

function distinctUses(uses: readonly RoleUse[]): readonly RoleUse[] {
  const seen = new Set<string>();
  return uses.filter((use) => {
    const key = JSON.stringify({ ...use, revision: 0 });
    return seen.has(key) ? false : seen.add(key);
  });
}

function usesOfRevision({
  region,
  name,
  revision,
  fargate,
  tasks,
}: JobDefinition): readonly (readonly [string, DefinitionUse])[] {
  const base = { kind: "job-definition", region, name, revision, fargate } as const;
  // A role of another account gets no needs: this account's role of the same name is not it.
  const refer = (role: NamedRole, duty: DefinitionUse["duty"]): DefinitionUse => ({
    ...base,
    duty,
    needs: [],
    unread: [],
    ...arnOf(role),
  });
  const byExecution = Map.groupBy(tasks, ({ execution }) => execution && keyOf(execution));
  const executions = [...byExecution.values()].flatMap(
    (same): readonly (readonly [string, DefinitionUse])[] => {
      const role = same[0]?.execution;
      const use = { ...base, duty: "execution", ...joinTasks(same) } as const;
      if (role)
        return [[role.name, role.otherAccount ? refer(role, "execution") : { ...use, ...arnOf(role) }]];
      // A definition without Fargate and secrets needs no execution role (R36).
      const wants = use.needs.length + use.unread.length > 0 || fargate;
      return wants ? [[usualExecutionRole, { ...use, roleNotNamed: true }]] : [];
    },
  );
  const jobs = new Map(tasks.flatMap(({ job }) => (job ? [[keyOf(job), job]] : [])));
  return [
    ...executions,
    ...[...jobs.values()].map((role): readonly [string, DefinitionUse] => [role.name, refer(role, "job")]),
  ];
}

function keyOf({ name, arn }: NamedRole): string {
  return arn ?? name;
}

function arnOf({ arn, otherAccount }: NamedRole): Pick<DefinitionUse, "arn" | "otherAccount"> {
  return { ...(arn !== undefined && { arn }), ...(otherAccount && { otherAccount }) };
}

function joinTasks(tasks: readonly JobTask[]): Pick<DefinitionUse, "needs" | "unread" | "refused"> {
  const needs = new Map<string, Need>();
  for (const need of tasks.flatMap((task) => task.needs)) {
    const key = `${need.action} ${need.resource}`;
    if (!needs.has(key)) needs.set(key, need);
  }
  const refused = tasks.flatMap((task) => task.refused);
  return {
    needs: [...needs.values()],
    unread: tasks.flatMap(({ unread }) => unread),
    ...(refused.length > 0 && { refused }),
  };
}

function groupByRole(uses: readonly (readonly [string, RoleUse])[]): UsesByRole {
  const byRole = new Map<string, RoleUse[]>();
  // IAM compares names without case: two spellings are one role.
  const spelled = new Map<string, string>();
  for (const [name, use] of uses) {
    const role = spelled.get(name.toLowerCase()) ?? name;
    spelled.set(name.toLowerCase(), role);
    byRole.set(role, [...(byRole.get(role) ?? []), use]);
  }
  return byRole;
}
