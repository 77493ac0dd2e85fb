import { LinkedRoleUnansweredError } from "@drift-guard/core/errors";
import { type Deletion, type DeletionStatus, hasEnded } from "@drift-guard/core/model/deletion";
import { instantOf } from "@drift-guard/core/model/instant";
import type { RoleKey } from "@drift-guard/core/model/role";
import type { LinkedRoleKeeper } from "@drift-guard/core/ports";
import type { Clock } from "../ports.ts";

/** Keeps the deletions that were asked for, so that a program that starts again finds them. */
export interface DeletionMemory {
  /** Throws where nothing could be saved: before anything is asked for that would be forgotten. */
  ready(): Promise<void>;
  /** The last deletion of a role. */
  load(role: RoleKey): Promise<Deletion | undefined>;
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

/** How often a deletion is looked at, and for how long. */
export interface PollingSchedule {
  readonly intervalSeconds: number;
  readonly timeoutSeconds: number;
}

/** One look at a deletion: how it stands, that IAM does not know it any more, or why that could not be read. */
export type DeletionPoll =
  | { readonly kind: "seen"; readonly deletion: Deletion }
  | { readonly kind: "unknown"; readonly deletion: Deletion }
  | { readonly kind: "unread"; readonly deletion: Deletion; readonly why: string };

/**
 * Asks IAM to delete a service-linked role, and remembers the task. While an earlier one has not ended, IAM gives that
 * one again, so that asking twice is nothing. Throws `LinkedRoleRefusedError` with IAM's reason (R34).
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
 * Looks at a deletion until it ends, IAM knows it no more, or the patience does (R29, R34). Each look is given as it
 * comes, and what it saw is remembered; where none of them ended it, it goes on without us.
 */
export async function* followDeletion(
  deletion: Deletion,
  ports: FollowingPorts,
  { intervalSeconds: everySeconds, timeoutSeconds: forSeconds }: PollingSchedule,
): AsyncGenerator<DeletionPoll, void, void> {
  const until = ports.now().getTime() + forSeconds * 1000;
  let current = deletion;
  for (;;) {
    const look = await pollDeletion(current, ports);
    current = look.deletion;
    yield look;
    if (look.kind === "unknown" || (look.kind === "seen" && hasEnded(current.last))) return;
    if (ports.now().getTime() + everySeconds * 1000 > until) return;
    await ports.pause(everySeconds);
  }
}

/** Looks at a deletion once, and remembers what it saw. */
export async function pollDeletion(
  deletion: Deletion,
  { keeper, memory }: Pick<FollowingPorts, "keeper" | "memory">,
): Promise<DeletionPoll> {
  let last: DeletionStatus | undefined;
  try {
    last = await keeper.deletionStatus(deletion.taskId);
  } catch (error) {
    // IAM may have been busy; whether it is so for good, the next look shows.
    if (error instanceof LinkedRoleUnansweredError) return { kind: "unread", deletion, why: error.message };
    throw error;
  }
  if (last === undefined) return { kind: "unknown", deletion };
  const seen = { ...deletion, last };
  await memory.save(seen);
  return { kind: "seen", deletion: seen };
}
