import * as z from "zod";
import { addSeconds, Instant, isBefore } from "./instant.ts";

/** The days that a new deployment observes after its first complete sweep, unless a person ends that earlier. */
export const observingDays = 7;

/**
 * The time in which rollback of a new deployment writes no role, so that its owner sees first what it would do. It begins
 * with rollback's first message, and never begins again.
 */
export const ObservingPhase = z
  .object({
    /** 0 if it is not stored in the account's own item; every write of that item adds one. */
    version: z.number(),
    since: Instant,
    /** When the first complete sweep ended; left out if none has. */
    sweptAt: Instant.exactOptional(),
    /** Set once the phase was ended: by a person's ARN or, without `by`, since rollback acted before there was a phase. */
    ended: z
      .object({ at: Instant, by: z.string().exactOptional(), userId: z.string().exactOptional() })
      .readonly()
      .exactOptional(),
  })
  .readonly();
export type ObservingPhase = z.infer<typeof ObservingPhase>;

/** What is known of the phase, from the account's item or from a role's record. */
interface KnownPhase {
  /** The version of the role's record; 0 if rollback has stored nothing about the role. */
  readonly version: number;
  readonly observing?: ObservingPhase;
}

/**
 * Returns the phase if it holds at `now`, with when it ends by itself if that is known; undefined if it is over. A role's
 * record without a phase is from before there was one, so that rollback acts; without a record, the phase has yet to begin.
 */
export function findObserving(
  { version, observing }: KnownPhase,
  now: Instant,
): { readonly until?: Instant } | undefined {
  if (observing === undefined) return version === 0 ? {} : undefined;
  if (observing.ended) return undefined;
  const until = findPhaseEnd(observing);
  if (until === undefined) return {};
  return isBefore(now, until) ? { until } : undefined;
}

/** Returns when a phase that nobody ends is over; undefined if no sweep was complete yet. */
export function findPhaseEnd({ sweptAt }: Pick<ObservingPhase, "sweptAt">): Instant | undefined {
  return sweptAt === undefined ? undefined : addSeconds(sweptAt, observingDays * 86_400);
}

/**
 * Returns the phase by the account's item and the copy in a role's record. The phase only goes on, so that of two states the
 * later one holds: a deleted or older item neither stops a guard that acts, nor has one act that observes.
 */
export function joinPhases(
  stored: ObservingPhase | undefined,
  copy: ObservingPhase | undefined,
): ObservingPhase | undefined {
  if (stored === undefined || copy === undefined) return stored ?? (copy && { ...copy, version: 0 });
  const [first] = [stored.sweptAt, copy.sweptAt]
    .filter((at) => at !== undefined)
    .toSorted((a, b) => Date.parse(a) - Date.parse(b));
  const ended = stored.ended ?? copy.ended;
  return { ...stored, ...(first !== undefined && { sweptAt: first }), ...(ended && { ended }) };
}
