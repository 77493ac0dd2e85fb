import { listConfigured } from "../config/accepted-drift.ts";
import type { Config } from "../config/config.ts";
import type { Control, RecordedCause } from "../model/control.ts";
import type { Exception } from "../model/exception.ts";
import { isNotBefore } from "./own-call.ts";
import { isSamePrincipal } from "./pause.ts";

/**
 * Returns the exceptions that count: those that people gave and those of the configuration. Nobody accepts what they made
 * themselves: the check when they answer knows only the changes that were reported by then, and somebody may accept a drift
 * before they make it. An undoing is carried out by the person who accepts it, so that what they change after their answer
 * does not count against it.
 */
export function listCountedExceptions(
  { role, exceptions, causes }: Pick<Control, "role" | "exceptions" | "causes">,
  config: Pick<Config, "exceptions">,
): readonly Exception[] {
  const given = exceptions.filter((exception) => !causes.some((cause) => isByMaker(exception, cause)));
  return [...given, ...listConfigured(role, config.exceptions)];
}

function isByMaker({ findingId, owner, at, undoes }: Exception, cause: RecordedCause): boolean {
  if (cause.findingId !== findingId || !isSamePrincipal(cause.actor, owner)) return false;
  if (undoes === undefined) return cause.undoneBy === undefined;
  if (cause.undoneBy !== undefined) return cause.undoneBy === undoes;
  return at !== undefined && !isNotBefore(cause.at, at);
}
