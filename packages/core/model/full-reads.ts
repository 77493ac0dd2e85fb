import * as z from "zod";
import { Instant, isAhead, isBefore, millisecondsBetween } from "./instant.ts";

/** The last reads of every watched role of an account, and the next one that is requested. */
export const FullReads = z
  .object({
    /** Counts the writes; 0 if nothing is stored. */
    version: z.number(),
    /** When the last read began, whether or not it was finished. */
    begun: Instant.exactOptional(),
    /** When the last finished read began. */
    finished: Instant.exactOptional(),
    /** When the next requested read is due. */
    requested: Instant.exactOptional(),
  })
  .readonly();
export type FullReads = z.infer<typeof FullReads>;

/** The shortest time between the beginnings of two reads of every watched role. */
export const fullReadIntervalMs = 60_000;

/**
 * What to do about a request for a read that begins at `since` or later: nothing, because such a read has finished
 * (`done`) or is requested (`wait`); request one for `at` (`request`), because another began less than a minute ago; or
 * read now (`begin`).
 */
export type FullReadDecision =
  | { readonly kind: "done" | "wait" | "begin" }
  | { readonly kind: "request"; readonly at: Date };

/** Decides about a request, so that all requests of a minute share one read and none is lost. */
export function decideFullRead(reads: FullReads, since: Instant, now: Instant): FullReadDecision {
  // Times from further ahead than clocks differ are forged, and would keep every read from being made.
  const [begun, finished, requested] = [reads.begun, reads.finished, reads.requested].map((time) =>
    time !== undefined && isAhead(time, now) ? undefined : time,
  );
  if (finished !== undefined && !isBefore(finished, since)) return { kind: "done" };
  if (begun === undefined || millisecondsBetween(begun, now) >= fullReadIntervalMs) return { kind: "begin" };
  if (requested !== undefined && isBefore(now, requested)) return { kind: "wait" };
  return { kind: "request", at: new Date(Date.parse(begun) + fullReadIntervalMs) };
}
