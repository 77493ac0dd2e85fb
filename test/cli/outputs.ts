import assert from "node:assert/strict";
import * as z from "zod";

/**
 * Parses what a command printed with `--json`. Fails if a field is missing, of another type, or not in the schema: decoded
 * and encoded again, the document must be the same.
 */
export function readOutput<Schema extends z.ZodType>(schema: Schema, stdout: string): z.output<Schema> {
  const printed: unknown = JSON.parse(stdout);
  const document = schema.parse(printed);
  assert.deepEqual(z.encode(schema, document), printed);
  return document;
}
