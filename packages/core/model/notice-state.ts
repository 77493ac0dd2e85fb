import * as z from "zod";
import { Instant } from "./instant.ts";

/** Names a stored transition. */
export const TransitionRef = z
  .object({
    /** Name of the finding's role. */
    role: z.string(),
    findingId: z.string(),
    seq: z.number(),
  })
  .readonly();
export type TransitionRef = z.infer<typeof TransitionRef>;

/** A message that people got. */
const Told = z
  .object({
    at: Instant,
    /** Lower-cased key of the role that it is about; left out of a joint message. */
    role: z.string().exactOptional(),
    /** Set if the message could not wait. */
    urgent: z.literal(true).exactOptional(),
  })
  .readonly();

/** What people of one account were told in the last minute, and what they will be told soon. */
export const NoticeState = z
  .object({
    /** 0 if nothing is stored yet; every write adds one. */
    version: z.number(),
    /** The messages of the last minute, the oldest first; left out by items of older versions. */
    told: z.array(Told).readonly().exactOptional(),
    /**
     * Ids of the last transitions that were told at once, the newest last. Bounded. If the message was cut off, it is sent
     * again with the same id, and the transition does not join others under another id.
     */
    alone: z.array(z.string()).readonly().exactOptional(),
    /** Transitions that wait for the next joint message, the oldest first. */
    held: z.array(TransitionRef).readonly(),
    /** When the last message with information began to wait for more of it; left out if there was none. */
    informedAt: Instant.exactOptional(),
    /** When the joint message is due; left out if nothing waits. */
    due: Instant.exactOptional(),
    /** The joint message that is being sent, and since when: it is sent again, with the same id, if that is cut off. */
    telling: z
      .object({
        id: z.string(),
        began: Instant,
        transitions: z.array(TransitionRef).readonly(),
        /** Set before anything of it is sent: from then on it has these transitions, also those that are delivered. */
        chosen: z.literal(true).exactOptional(),
      })
      .readonly()
      .exactOptional(),
  })
  .readonly();
export type NoticeState = z.infer<typeof NoticeState>;

/** Returns the state of an account of which nothing is stored. */
export function emptyNoticeState(): NoticeState {
  return { version: 0, held: [] };
}
