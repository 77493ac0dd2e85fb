import * as z from "zod";
import { Instant } from "./instant.ts";
import { RoleKey } from "./role.ts";

/** Resources of one region that still use a service-linked role, as IAM names them. */
export const RegionUsage = z
  .object({ region: z.string(), resources: z.array(z.string()).readonly() })
  .readonly();
export type RegionUsage = z.infer<typeof RegionUsage>;

/** How the deletion of a service-linked role stands (R29, R34). It is a task, which ends some time after it was asked for. */
export const DeletionStatus = z.discriminatedUnion("status", [
  z.object({ status: z.enum(["NOT_STARTED", "IN_PROGRESS", "SUCCEEDED"]) }).readonly(),
  z
    .object({
      status: z.literal("FAILED"),
      /** IAM's own words; it may give none. */
      reason: z.string().exactOptional(),
      /** All, some or none of what uses the role: a service need not tell (R30). */
      usage: z.array(RegionUsage).readonly(),
    })
    .readonly(),
]);
export type DeletionStatus = z.infer<typeof DeletionStatus>;

/** A deletion that was asked for: what a program that starts again needs to follow it. */
export const Deletion = z
  .object({
    role: RoleKey,
    /** `task/aws-service-role/SERVICE/ROLE/UUID`. */
    taskId: z.string(),
    submittedAt: Instant,
    /** As it was last seen. */
    last: DeletionStatus,
  })
  .readonly();
export type Deletion = z.infer<typeof Deletion>;

/** Whether a deletion goes no further by itself: the role is gone, or it stays until somebody asks again. */
export function hasEnded({ status }: DeletionStatus): boolean {
  return status === "SUCCEEDED" || status === "FAILED";
}

/** The role that a deletion task is about, from its id; undefined where the id has not IAM's form. */
export function roleOfTask(taskId: string): string | undefined {
  return /^task\/aws-service-role\/[^/]+\/([^/]+)\//.exec(taskId)?.[1];
}
