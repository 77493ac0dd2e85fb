import type { Control, RecordedCause } from "../model/control.ts";
import type { Exception } from "../model/exception.ts";
import { isNotBefore } from "./own-call.ts";
import { isSamePrincipal } from "./pause.ts";

/**
 * Returns the exceptions that count. Nobody accepts what they made themselves: the check when they answer knows only the
 * changes that were reported by then, and somebody may accept a drift before they make it. An undoing is carried out by the
 * person who accepts it, so that what they change after their answer does not count against it.
 */
export function listCountedExceptions({
  exceptions,
  causes,
}: Pick<Control, "exceptions" | "causes">): readonly Exception[] {
  return exceptions.filter((exception) => !causes.some((cause) => isByMaker(exception, cause)));
}

function isByMaker({ findingId, owner, at, undoes }: Exception, cause: RecordedCause): boolean {
  if (cause.findingId !== findingId || !isSamePrincipal(cause.actor, owner)) return false;
  if (undoes === undefined) return cause.undoneBy === undefined;
  if (cause.undoneBy !== undefined) return cause.undoneBy === undoes;
  return at !== undefined && !isNotBefore(cause.at, at);
}
