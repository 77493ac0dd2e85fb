import { listConfigured } from "../config/accepted-drift.ts";
import type { Config } from "../config/config.ts";
import type { Actor } from "../model/actor.ts";
import type { Control, RecordedCause } from "../model/control.ts";
import type { Exception } from "../model/exception.ts";
import { isNotBefore } from "./own-call.ts";
import { isSamePrincipal } from "./pause.ts";

/** The actor who made what a finding is about, as the finding or a change says. */
export interface FindingAuthor {
  readonly findingId: string;
  readonly actor: Actor;
}

/**
 * Returns the exceptions that count: those that people gave and those of the configuration. Nobody accepts what they made
 * themselves: the check when they answer knows only the changes that were reported by then, and somebody may accept a drift
 * before they make it. An undoing is carried out by the person who accepts it, so that what they change after their answer
 * does not count against it. `authors` adds to the causes of the control record, which has none of roles that rollback does
 * not write.
 */
export function listCountedExceptions(
  { role, exceptions, causes }: Pick<Control, "role" | "exceptions" | "causes">,
  config: Pick<Config, "exceptions">,
  authors: readonly FindingAuthor[] = [],
): readonly Exception[] {
  const given = exceptions.filter(
    (exception) =>
      !causes.some((cause) => isByMaker(exception, cause)) &&
      !authors.some((author) => isByAuthor(exception, author)),
  );
  return [...given, ...listConfigured(role, config.exceptions)];
}

// Only a role with rollbacks has undoings, and their causes are recorded.
function isByAuthor({ findingId, owner, undoes }: Exception, author: FindingAuthor): boolean {
  return undoes === undefined && author.findingId === findingId && isSamePrincipal(author.actor, owner);
}

function isByMaker({ findingId, owner, at, undoes }: Exception, cause: RecordedCause): boolean {
  if (cause.findingId !== findingId || !isSamePrincipal(cause.actor, owner)) return false;
  if (undoes === undefined) return cause.undoneBy === undefined;
  if (cause.undoneBy !== undefined) return cause.undoneBy === undoes;
  return at !== undefined && !isNotBefore(cause.at, at);
}
