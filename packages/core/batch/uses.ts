import { jsonBytes, takeBytes } from "../model/json-size.ts";
import type { AgentFeature } from "./agent-version.ts";
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

// Anyone who may register job definitions can write uses, revisions accumulate unless they are deregistered, and all uses of
// a role by one definition are one item of a table. Bytes are of JSON. A definition of AWS Batch has room for 300 secrets.
const limits = { roles: 1000, revisions: 50, bytes: 120_000 };

/**
 * Returns the uses of roles by the active revisions of one job definition, the newest first. Equal revisions are one use; a
 * need stands at the newest revision that has it. What exceeds the limits of the tables is left out, the oldest first, and
 * named in `omitted`.
 */
export function usesOfDefinition(revisions: readonly JobDefinition[]): UsesByRole {
  const uses = revisions
    .filter(({ active }) => active)
    .toSorted((a, b) => b.revision - a.revision)
    .flatMap(usesOfRevision);
  const byRole = [...groupByRole(uses)];
  const left = byRole.length - limits.roles;
  return new Map(
    byRole.slice(0, limits.roles).map(([role, all], index) => {
      const kept = limitUses(groupNeeds(distinctUses(all)));
      const why = `its revisions name ${left} more roles, which are not watched because of it`;
      return [role, left > 0 && index === 0 ? addOmission(kept, why) : kept];
    }),
  );
}

/** Returns what the active definitions that may run on instances ask of the ECS agent, sorted, without duplicates (T14). */
export function agentFeaturesOf(definitions: Iterable<JobDefinition>): readonly AgentFeature[] {
  const features = new Set<AgentFeature>();
  for (const { active, fargate, tasks } of definitions) {
    if (!active || fargate) continue;
    for (const task of tasks) for (const feature of task.features) features.add(feature);
  }
  return [...features].sort();
}

/** Leaves out the needs that an earlier use of the list has. */
function groupNeeds(uses: readonly RoleUse[]): readonly RoleUse[] {
  const known = new Set<string>();
  return uses.map((use) => {
    if (use.kind !== "job-definition" || use.duty !== "execution") return use;
    const needs = use.needs.filter(({ action, resource }) => {
      const key = `${action} ${resource}`;
      return known.has(key) ? false : known.add(key);
    });
    return { ...use, needs };
  });
}

/** Returns the first uses that fit the limits. The first use is always kept, if need be with fewer needs. */
function limitUses(uses: readonly RoleUse[]): readonly RoleUse[] {
  const [first, ...others] = uses;
  if (first === undefined) return [];
  const newest = limitNeeds(first);
  let bytes = jsonBytes(newest);
  const kept = [newest];
  for (const use of others) {
    bytes += jsonBytes(use);
    if (bytes > limits.bytes || kept.length === limits.revisions) break;
    kept.push(use);
  }
  const left = uses.length - kept.length;
  return left === 0
    ? kept
    : addOmission(
        kept,
        `${left} of its older revisions are not recorded, because they are too many or too large`,
      );
}

function limitNeeds(use: RoleUse): RoleUse {
  if (use.kind !== "job-definition" || jsonBytes(use) <= limits.bytes) return use;
  const needs = takeBytes(use.needs, limits.bytes / 2);
  const unread = takeBytes(use.unread, limits.bytes / 8);
  const refused = takeBytes(use.refused ?? [], limits.bytes / 8);
  const count = (some: { readonly [K in "needs" | "unread" | "refused"]?: readonly unknown[] }) =>
    (some.needs?.length ?? 0) + (some.unread?.length ?? 0) + (some.refused?.length ?? 0);
  const left = count(use) - count({ needs, unread, refused });
  const kept = { ...use, needs, unread, ...(use.refused && { refused }) };
  const why = `${left} of its secrets are not recorded, because they are too many`;
  return addOmission([kept], why)[0] ?? kept;
}

function addOmission(uses: readonly RoleUse[], why: string): readonly RoleUse[] {
  const at = uses.findIndex(({ kind }) => kind === "job-definition");
  return uses.map((use, index) =>
    index === at && use.kind === "job-definition" ? { ...use, omitted: [...(use.omitted ?? []), why] } : use,
  );
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
      // A definition without Fargate and secrets needs no execution role (R36): without one, the log driver uses the role
      // of the instance (docs/aws-facts.md, "Log groups").
      const wants = fargate || use.unread.length > 0 || use.needs.some(({ what }) => what !== "log");
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
