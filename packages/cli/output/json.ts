import * as z from "zod";

/** The version of every JSON document that a command prints; it rises when a field changes its meaning or goes. */
export const schemaVersion = z.literal(1);

/** A document for `--json`, indented. Fields that the schema does not know are left out. */
export function formatDocument<Schema extends z.ZodType>(schema: Schema, value: z.output<Schema>): string {
  return JSON.stringify(z.encode(schema, value), undefined, 2);
}

/** A document for `--json` as one line, for output of one document per record. */
export function formatJsonLine<Schema extends z.ZodType>(schema: Schema, value: z.output<Schema>): string {
  return JSON.stringify(z.encode(schema, value));
}
