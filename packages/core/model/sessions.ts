import * as z from "zod";
import { Instant } from "./instant.ts";

/** A session of a role, as CloudTrail recorded the call that issued it. */
export const IssuedSession = z
  .object({
    at: Instant,
    region: z.string(),
    /** Service and call: `sts:AssumeRole`. */
    call: z.string(),
    /** ARN of the caller; their service, account or type of identity if they have no ARN. Bounded. */
    by: z.string(),
    sourceIp: z.string().exactOptional(),
    /** Name of the session, and the id of its access key, by which CloudTrail finds its calls. The id is no secret. */
    session: z.string().exactOptional(),
    accessKeyId: z.string().exactOptional(),
  })
  .readonly();
export type IssuedSession = z.infer<typeof IssuedSession>;

/** Sessions of a role that were issued while its trust policy was too wide, as far as CloudTrail showed them at `at`. */
export const Sessions = z
  .object({
    /** Those that no AWS service asked for, the newest first. Bounded (`maxSessions`). */
    issued: z.array(IssuedSession).readonly(),
    /** The number of further sessions like these. */
    omitted: z.number().exactOptional(),
    /** The number of sessions that AWS services asked for, such as those of jobs. */
    byServices: z.number(),
    /** The Regions in which CloudTrail was read: calls to STS are recorded in the Region of their endpoint alone. */
    regions: z.array(z.string()).readonly(),
    /** Regions in which CloudTrail could not be read, or not to the end. */
    incomplete: z.array(z.string()).readonly().exactOptional(),
    since: Instant,
    until: Instant,
    /** When CloudTrail was read. */
    at: Instant,
  })
  .readonly();
export type Sessions = z.infer<typeof Sessions>;

/** The most sessions that a finding holds. */
export const maxSessions = 50;
