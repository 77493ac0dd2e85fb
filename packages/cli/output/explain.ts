import { Change, Subject } from "@drift-guard/core/model/change";
import * as z from "zod";
import { schemaVersion } from "./json.ts";

const place = {
  schema: schemaVersion,
  file: z.string(),
  /** Counted from 1, unreadable records too; left out, like line and offset, if the whole file is unreadable. */
  record: z.number().exactOptional(),
  /** Counted from 1. */
  line: z.number().exactOptional(),
  /** In bytes from the beginning; of compressed input, after decompression. */
  offset: z.number().exactOptional(),
};

/** An event of AWS Batch about a failed job or a blocked queue (`Symptom` of packages/core). */
const Symptom = z
  .strictObject({
    id: z.string(),
    at: z.string(),
    account: z.string(),
    region: z.string(),
    what: z.string(),
    reason: z.string(),
    subjects: z.array(Subject).readonly(),
    queue: z.string().exactOptional(),
  })
  .readonly();

/** What `explain --json` prints for each record, one document a line. */
export const ExplainOutput = z.discriminatedUnion("kind", [
  z.strictObject({
    ...place,
    kind: z.literal("change"),
    change: Change,
    /** The watched roles that the change certainly concerns. */
    guarded: z.array(z.string()).readonly(),
    /** Subjects whose roles can be found only by reading the account. */
    toRead: z.array(Subject).readonly(),
  }),
  z.strictObject({ ...place, kind: z.literal("symptom"), symptom: Symptom }),
  z.strictObject({ ...place, kind: z.literal("irrelevant"), why: z.string() }),
  z.strictObject({ ...place, kind: z.literal("unreadable"), problem: z.string() }),
]);
type Line = z.infer<typeof ExplainOutput>;
/** How the guard interprets one record: a line of `explain --json` without its schema. */
export type Explanation = Line extends infer Each
  ? Each extends Line
    ? Omit<Each, "schema">
    : never
  : never;
