import * as z from "zod";

const text = z.string().min(1, "must not be empty");

const inspection = {
  /** Name of the table that holds ledgers, transitions and uses. */
  FINDINGS_TABLE: text,
  /** Name of the table that holds people's decisions and what rollback knows and has done. */
  CONTROL_TABLE: text,
  /** URL of the queue that takes changes and rechecks. */
  CHANGES_QUEUE_URL: text,
  /** URL of the queue that takes requests for lookups in CloudTrail. */
  LOOKUPS_QUEUE_URL: text,
  /** ARN of the role that rollbacks run as; unset where rollback is not deployed. */
  GUARD_ROLE_ARN: z.string().optional(),
  /** URL of the queue that takes requests to rollback; unset where rollback is not deployed. */
  ROLLBACK_QUEUE_URL: z.string().optional(),
};

/**
 * The environment variables of each function, by the name of its file in `functions/`. The stack sets exactly these,
 * and the function reads exactly these.
 */
export const functionEnvironments = {
  detect: z.object(inspection),
  sweep: z.object({
    ...inspection,
    /** Name of the guard's own event bus. */
    BUS_NAME: text,
  }),
  lookup: z.object({
    FINDINGS_TABLE: text,
    /** URL of the queue that takes changes and rechecks. */
    CHANGES_QUEUE_URL: text,
    /** URL of the function's own queue: later tries. */
    LOOKUPS_QUEUE_URL: text,
  }),
  publish: z.object({ BUS_NAME: text }),
  notify: z.object({
    FINDINGS_TABLE: text,
    CONTROL_TABLE: text,
    /** ARN of the topic that people subscribe to. */
    TOPIC_ARN: text,
    /** URL of the function's own queue: requests for the joint message about transitions that wait. */
    NOTIFY_QUEUE_URL: text,
  }),
  securityhub: z.object({
    FINDINGS_TABLE: text,
    CONTROL_TABLE: text,
    /** ARN of the topic that people subscribe to. */
    TOPIC_ARN: text,
  }),
  respond: z.object({
    CONTROL_TABLE: text,
    CHANGES_QUEUE_URL: text,
    /** ARN of the topic that people subscribe to. */
    TOPIC_ARN: text,
    /** URL of the queue that takes requests to rollback; unset where rollback is not deployed. */
    ROLLBACK_QUEUE_URL: z.string().optional(),
  }),
  rollback: z.object({
    FINDINGS_TABLE: text,
    CONTROL_TABLE: text,
    /** URL of the function's own queue: later tries, and the rest of long rollbacks. */
    ROLLBACK_QUEUE_URL: text,
  }),
};

/** Name of a function: its file in `functions/`, without the ending. */
export type FunctionName = keyof typeof functionEnvironments;

/** The environment variables of one function, with their values. */
export type FunctionEnvironment<Name extends FunctionName> = z.infer<(typeof functionEnvironments)[Name]>;
