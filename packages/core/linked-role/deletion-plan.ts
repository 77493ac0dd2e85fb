import type { JobQueue } from "../batch/batch.ts";
import type { LinkedRole } from "./linked-role.ts";
import type { LinkedEnvironment, RegionScan } from "./status.ts";

/** One thing to do before a service-linked role can go, and to wait for before the next (R25, R27). */
export type DeletionStep =
  /** Its jobs go on on the environments that it keeps, in their order. */
  | {
      readonly step: "detach-queue";
      readonly region: string;
      readonly queue: string;
      readonly keeps: readonly string[];
    }
  | { readonly step: "disable-queue"; readonly region: string; readonly queue: string }
  /** Nothing is left that it could run on; its jobs end with it. */
  | { readonly step: "delete-queue"; readonly region: string; readonly queue: string }
  | { readonly step: "disable-environment"; readonly region: string; readonly environment: string }
  | { readonly step: "delete-environment"; readonly region: string; readonly environment: string }
  /** Its deletion has begun already. */
  | { readonly step: "await-environment"; readonly region: string; readonly environment: string }
  | { readonly step: "delete-role"; readonly role: string };

/** All that leads to the deletion of a service-linked role, in order. */
export interface DeletionPlan {
  readonly steps: readonly DeletionStep[];
  /** Regions that could not be read: what uses the role there is not in the steps. */
  readonly unread: readonly { readonly region: string; readonly why: string }[];
}

/** Plans the deletion of a service-linked role from what was found in each region (R25..R33). */
export function planDeletion(role: LinkedRole, looks: readonly RegionScan[]): DeletionPlan {
  return {
    steps: [...looks.flatMap(planRegion), { step: "delete-role", role: role.name }],
    unread: looks.flatMap((look) =>
      look.status === "unread" ? [{ region: look.region, why: look.why }] : [],
    ),
  };
}

function planRegion(look: RegionScan): readonly DeletionStep[] {
  if (look.status === "unread") return [];
  const going = new Set(look.environments.map(({ name }) => name));
  return [
    ...look.queues.flatMap((queue) => planQueue(queue, going)),
    ...look.environments.flatMap(planEnvironment),
  ];
}

// Batch deletes no environment that a queue still runs on, and a queue must keep one: with none left it goes as well.
function planQueue(
  { region, name: queue, environments }: JobQueue,
  going: ReadonlySet<string>,
): readonly DeletionStep[] {
  const keeps = environments.filter((environment) => !going.has(environment));
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
    // Also where the state reads DISABLED, the change to it may still be under way.
    ...(state === "DISABLED" && status === "VALID"
      ? []
      : [{ step: "disable-environment", region, environment } as const]),
    { step: "delete-environment", region, environment },
  ];
}
