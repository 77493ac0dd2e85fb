import { ConfigError } from "@drift-guard/core/errors";
import * as z from "zod";

const text = z.string().min(1, "must not be empty");

/** The environment variables that the stack sets, each where a function needs it. */
export const Environment = z.object({
  FINDINGS_TABLE: text,
  CONTROL_TABLE: text,
  CHANGES_QUEUE_URL: text,
  BUS_NAME: text,
  TOPIC_ARN: text,
  /** Where rollback is deployed alone. */
  GUARD_ROLE_ARN: z.string().optional(),
});

/** Reads those variables that `shape` picks; throws `ConfigError` that names each that is missing. */
export function readEnvironment<T>(shape: z.ZodType<T>): T {
  const parsed = shape.safeParse(process.env);
  if (parsed.success) return parsed.data;
  throw new ConfigError(
    "The function's environment variables are not what they should be; the stack sets them, so deploy it again.\n" +
      z.prettifyError(parsed.error),
    { cause: parsed.error },
  );
}
