import * as z from "zod";
import { Instant } from "./instant.ts";
import { RoleKey } from "./role.ts";

/** The resources of one region that still use a service-linked role, as IAM names them. */
export const RegionUsage = z
  .object({ region: z.string(), resources: z.array(z.string()).readonly() })
  .readonly();
export type RegionUsage = z.infer<typeof RegionUsage>;

/** The status of a service-linked role's deletion, which is a task that ends some time after its request (R29, R34). */
export const DeletionStatus = z.discriminatedUnion("status", [
  z.object({ status: z.enum(["NOT_STARTED", "IN_PROGRESS", "SUCCEEDED"]) }).readonly(),
  z
    .object({
      status: z.literal("FAILED"),
      /** IAM's reason; left out if IAM gives none. */
      reason: z.string().exactOptional(),
      /** All, some or none of the resources that use the role: a service may report fewer (R30). */
      usage: z.array(RegionUsage).readonly(),
    })
    .readonly(),
]);
export type DeletionStatus = z.infer<typeof DeletionStatus>;

/** A requested deletion, with all that a restarted program needs to follow it. */
export const Deletion = z
  .object({
    role: RoleKey,
    /** `task/aws-service-role/SERVICE/ROLE/UUID`. */
    taskId: z.string(),
    submittedAt: Instant,
    /** The last status that IAM reported. */
    last: DeletionStatus,
  })
  .readonly();
export type Deletion = z.infer<typeof Deletion>;

/** Whether a deletion has ended: the role is deleted, or stays until the next request. */
export function hasEnded({ status }: DeletionStatus): boolean {
  return status === "SUCCEEDED" || status === "FAILED";
}

/** Returns the name of the role in a deletion task's id; undefined if the id does not have IAM's form. */
export function roleOfTask(taskId: string): string | undefined {
  return /^task\/aws-service-role\/[^/]+\/([^/]+)\//.exec(taskId)?.[1];
}
