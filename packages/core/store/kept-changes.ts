import type { Change, ChangeName } from "../model/change.ts";
import { digestOf } from "../model/identity.ts";

/** Returns the name under which a change is kept. Two records of one call that differ have different names. */
export function nameChange(change: Change): ChangeName {
  return { id: change.id, digest: digestOf(change) };
}

/**
 * Returns the change that a store found under a name; undefined if there is none, or if it is not the one that was kept.
 * Calls `onForged` where somebody must have edited, deleted or planted the change: a store keeps changes for longer than
 * their rechecks can wait.
 */
export function confirmChange(
  found: Change | undefined,
  { digest }: ChangeName,
  onForged: () => void,
): Change | undefined {
  if (digest === undefined || (found && digestOf(found) === digest)) return found;
  onForged();
  return undefined;
}
