import { isInWork, type RoleUse } from "./role-use.ts";

const maxUses = 20;

/** Returns one short text for each use, those in work first, without duplicates; at most 20, the last saying how many more. */
export function formatUses(uses: readonly RoleUse[]): readonly string[] {
  const texts = [...new Set([...uses].sort(compareByWork).map(formatUse))];
  if (texts.length <= maxUses) return texts;
  return [...texts.slice(0, maxUses - 1), `and ${texts.length - maxUses + 1} more`];
}

/** Returns a use as a short text: what it is, its name, region and state. */
export function formatUse(use: RoleUse): string {
  switch (use.kind) {
    case "compute-environment": {
      const status = use.status === "VALID" ? use.state : `${use.state}, ${use.status}`;
      const queues = use.queues.length === 0 ? "" : `, with ${formatQueues(use.queues)}`;
      return `compute environment ${use.name} in ${use.region} (${status})${queues}`;
    }
    case "job-definition":
      return `job definition ${use.name}:${use.revision} in ${use.region}`;
  }
}

function formatQueues(queues: readonly string[]): string {
  const some = queues.length > 5 ? [...queues.slice(0, 4), `${queues.length - 4} more`] : queues;
  return `job queue${queues.length === 1 ? "" : "s"} ${some.join(", ")}`;
}

function compareByWork(a: RoleUse, b: RoleUse): number {
  return Number(isInWork(b)) - Number(isInWork(a));
}
