import { LinkedRoleUnansweredError } from "@drift-guard/core/errors";
import { type Deletion, type DeletionStatus, hasEnded } from "@drift-guard/core/model/deletion";
import { instantOf } from "@drift-guard/core/model/instant";
import type { RoleKey } from "@drift-guard/core/model/role";
import type { LinkedRoleKeeper } from "@drift-guard/core/ports";
import type { Clock } from "../ports.ts";

/** Stores submitted deletions, so that a program that is started again can follow them. */
export interface DeletionMemory {
  /** Throws if nothing can be saved, before a deletion is submitted that would be forgotten. */
  ready(): Promise<void>;
  /** Returns the last deletion of a role, or undefined. */
  load(role: RoleKey): Promise<Deletion | undefined>;
  /** Replaces the last deletion of its role. */
  save(deletion: Deletion): Promise<void>;
}

/** Ports that submit a deletion. */
export interface SubmissionPorts extends Clock {
  readonly keeper: Pick<LinkedRoleKeeper, "delete">;
  readonly memory: DeletionMemory;
}

/** Ports that follow a submitted deletion. */
export interface FollowingPorts extends Clock {
  readonly keeper: Pick<LinkedRoleKeeper, "deletionStatus">;
  readonly memory: Pick<DeletionMemory, "save">;
  pause(seconds: number): Promise<unknown>;
}

/** Ports that submit a deletion and follow it. */
export type DeletionPorts = SubmissionPorts & FollowingPorts;

/** How often a deletion is polled, and for how long. */
export interface PollingSchedule {
  readonly intervalSeconds: number;
  readonly timeoutSeconds: number;
}

/**
 * The result of one poll: `seen` with the deletion's new status, `unknown` where IAM no longer knows the task, or `unread`
 * with the reason.
 */
export type DeletionPoll =
  | { readonly kind: "seen"; readonly deletion: Deletion }
  | { readonly kind: "unknown"; readonly deletion: Deletion }
  | { readonly kind: "unread"; readonly deletion: Deletion; readonly why: string };

/**
 * Submits the deletion of a service-linked role to IAM and saves the task. While an earlier task has not ended, IAM
 * returns that one, so a repeated submission changes nothing. Throws `LinkedRoleRefusedError` with IAM's reason (R34).
 */
export async function submitDeletion(
  role: RoleKey,
  { keeper, memory, now }: SubmissionPorts,
): Promise<Deletion> {
  await memory.ready();
  const taskId = await keeper.delete(role.name);
  const known = await memory.load(role);
  if (known?.taskId === taskId) return known;
  const deletion: Deletion = {
    role,
    taskId,
    submittedAt: instantOf(now()),
    last: { status: "NOT_STARTED" },
  };
  await memory.save(deletion);
  return deletion;
}

/**
 * Polls a deletion until it ends, IAM no longer knows it, or the schedule's timeout (R29, R34). Yields and saves the
 * result of each poll. After a timeout the deletion continues in IAM.
 */
export async function* followDeletion(
  deletion: Deletion,
  ports: FollowingPorts,
  { intervalSeconds, timeoutSeconds }: PollingSchedule,
): AsyncGenerator<DeletionPoll, void, void> {
  const deadline = ports.now().getTime() + timeoutSeconds * 1000;
  let current = deletion;
  for (;;) {
    const poll = await pollDeletion(current, ports);
    current = poll.deletion;
    yield poll;
    if (poll.kind === "unknown" || (poll.kind === "seen" && hasEnded(current.last))) return;
    if (ports.now().getTime() + intervalSeconds * 1000 > deadline) return;
    await ports.pause(intervalSeconds);
  }
}

/** Reads the status of a deletion once and saves it. Throws `LinkedRoleRefusedError`. */
export async function pollDeletion(
  deletion: Deletion,
  { keeper, memory }: Pick<FollowingPorts, "keeper" | "memory">,
): Promise<DeletionPoll> {
  let last: DeletionStatus | undefined;
  try {
    last = await keeper.deletionStatus(deletion.taskId);
  } catch (error) {
    // IAM may be busy for a moment; the next poll shows.
    if (error instanceof LinkedRoleUnansweredError) return { kind: "unread", deletion, why: error.message };
    throw error;
  }
  if (last === undefined) return { kind: "unknown", deletion };
  const seen = { ...deletion, last };
  await memory.save(seen);
  return { kind: "seen", deletion: seen };
}
