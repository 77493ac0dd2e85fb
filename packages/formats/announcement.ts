import type { Transition } from "@drift-guard/core/model/transition";
import type { Standing } from "@drift-guard/core/rollback/standing";
import { sanitise } from "./printable.ts";

/** What people and hubs are told of one transition. Every format is a pure function of it. */
export interface Announcement {
  /** As it is stored. */
  readonly transition: Transition;
  /** Earlier transitions of the finding that the same message tells, the oldest first; left out if there are none. */
  readonly before?: readonly Transition[];
  /** The id of the message, if it tells several transitions; left out if it has that of its transition. */
  readonly messageId?: string;
  /** What the guard does about the finding, as of the time of sending. */
  readonly standing: Standing;
  /** The stage of the deployment, with which commands name the guard; left out for an embedded guard. */
  readonly stage?: string;
}

/** Returns the id of a message about a finding, which is the same in every copy of it. */
export function messageIdOf({ transition, messageId = transition.id }: Announcement): string {
  return sanitise(messageId);
}

/** Returns the ids of the transitions that a message about a finding tells, the oldest first. */
export function listTransitionIds({ transition, before = [] }: Announcement): readonly string[] {
  return [...before, transition].map(({ id }) => sanitise(id));
}
