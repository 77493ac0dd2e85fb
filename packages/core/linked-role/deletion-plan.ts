import type { JobQueue } from "../batch/batch.ts";
import type { LinkedRole } from "./linked-role.ts";
import type { LinkedEnvironment, RegionScan } from "./status.ts";

/** One step towards the deletion of a service-linked role. The next starts when it has finished (R25, R27). */
export type DeletionStep =
  /** Removes environments from a queue. Its jobs continue on the environments that it keeps, in that order. */
  | {
      readonly step: "detach-queue";
      readonly region: string;
      readonly queue: string;
      readonly keeps: readonly string[];
    }
  | { readonly step: "disable-queue"; readonly region: string; readonly queue: string }
  /** Deletes a queue that keeps no environment, and its jobs. */
  | { readonly step: "delete-queue"; readonly region: string; readonly queue: string }
  | { readonly step: "disable-environment"; readonly region: string; readonly environment: string }
  | { readonly step: "delete-environment"; readonly region: string; readonly environment: string }
  /** Waits for an environment that is being deleted. */
  | { readonly step: "await-environment"; readonly region: string; readonly environment: string }
  | { readonly step: "delete-role"; readonly role: string };

/** The steps that delete a service-linked role, in order. */
export interface DeletionPlan {
  readonly steps: readonly DeletionStep[];
  /** Regions that could not be read. The steps lack the environments and queues of these. */
  readonly unread: readonly { readonly region: string; readonly why: string }[];
}

/** Plans the deletion of a service-linked role from the scans of its regions (R25..R33). */
export function planDeletion(role: LinkedRole, scans: readonly RegionScan[]): DeletionPlan {
  return {
    steps: [...scans.flatMap(planRegion), { step: "delete-role", role: role.name }],
    unread: scans.flatMap((scan) =>
      scan.status === "unread" ? [{ region: scan.region, why: scan.why }] : [],
    ),
  };
}

function planRegion(scan: RegionScan): readonly DeletionStep[] {
  if (scan.status === "unread") return [];
  const deleted = new Set(scan.environments.map(({ name }) => name));
  return [
    ...scan.queues.flatMap((queue) => planQueue(queue, deleted)),
    ...scan.environments.flatMap(planEnvironment),
  ];
}

// Batch deletes no environment that a queue uses, and a queue must have one: a queue that would have none is deleted.
function planQueue(
  { region, name: queue, environments }: JobQueue,
  deleted: ReadonlySet<string>,
): readonly DeletionStep[] {
  const keeps = environments.filter((environment) => !deleted.has(environment));
  if (keeps.length === environments.length) return [];
  if (keeps.length > 0) return [{ step: "detach-queue", region, queue, keeps }];
  return [
    { step: "disable-queue", region, queue },
    { step: "delete-queue", region, queue },
  ];
}

function planEnvironment({
  region,
  name: environment,
  state,
  status,
}: LinkedEnvironment): readonly DeletionStep[] {
  if (status === "DELETING") return [{ step: "await-environment", region, environment }];
  return [
    // The change to DISABLED may still be in progress.
    ...(state === "DISABLED" && status === "VALID"
      ? []
      : [{ step: "disable-environment", region, environment } as const]),
    { step: "delete-environment", region, environment },
  ];
}
