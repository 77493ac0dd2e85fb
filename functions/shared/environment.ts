import { ConfigError } from "@drift-guard/core/errors";
import { formatIssues } from "@drift-guard/core/issues";
import type * as z from "zod";

/**
 * Reads a function's environment variables, by its entry in `functionEnvironments`. Throws `ConfigError`, which names
 * each variable that is missing or empty.
 */
export function readEnvironment<Variables>(shape: z.ZodType<Variables>): Variables {
  const parsed = shape.safeParse(process.env);
  if (parsed.success) return parsed.data;
  throw new ConfigError(
    "Environment variables of the function are missing. The stack sets them: deploy it again.\n" +
      formatIssues(parsed.error, process.env),
    { cause: parsed.error },
  );
}
