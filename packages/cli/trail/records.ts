import type { Readable } from "node:stream";
import { formatCause, MessageUnreadableError } from "@drift-guard/core/errors";
import { type Message, parseEnvelope, parseRecord } from "@drift-guard/core/intake/message";
import { formatJsonFault } from "@drift-guard/core/issues";
import { formatFileFailure } from "../file-failure.ts";
import { openTrail } from "./input.ts";
import { type RecordPosition, RecordSplitter, type TrailItem } from "./splitter.ts";

/** A record of a trail, parsed or with the reason why it is unreadable, and its position. */
export type TrailRecord = { readonly file: string; readonly place: RecordPosition } & (
  | { readonly message: Message; readonly problem?: never }
  | { readonly problem: string }
);

/**
 * Reads the records of a file (`-` for `input`, which is standard input) one at a time. Throws `TrailUnreadableError` if the file cannot be
 * opened or read to its end, after the records before the damage.
 */
export async function* readTrail(file: string, input: Readable): AsyncGenerator<TrailRecord> {
  const splitter = new RecordSplitter();
  try {
    for await (const chunk of openTrail(file, input)) {
      for (const item of splitter.push(chunk)) yield readItem(file, item);
    }
  } catch (cause) {
    // The records before the damage are valid; the error reports the rest.
    for (const item of splitter.end()) yield readItem(file, item);
    throw new TrailUnreadableError(formatFailure(file, cause), { cause });
  }
  for (const item of splitter.end()) yield readItem(file, item);
}

/** A trail cannot be opened, or is damaged from some point on; the message names the file and says why. */
export class TrailUnreadableError extends Error {
  override readonly name = "TrailUnreadableError";
}

function readItem(file: string, item: TrailItem): TrailRecord {
  const { place } = item;
  if ("problem" in item) return { file, place, problem: item.problem };
  try {
    return { file, place, message: parseTrailValue(parseJson(item.text, "The record")) };
  } catch (error) {
    if (error instanceof MessageUnreadableError) return { file, place, problem: error.message };
    throw error;
  }
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new MessageUnreadableError(`${what} is not JSON (${formatJsonFault(text)} of it).`, { cause });
  }
}

function parseTrailValue(value: unknown): Message {
  if (typeof value === "object" && value !== null) {
    // LookupEvents returns each record as text in an object of its own.
    if ("CloudTrailEvent" in value && typeof value.CloudTrailEvent === "string") {
      return parseRecord(parseJson(value.CloudTrailEvent, "The text in CloudTrailEvent"));
    }
    if ("detail" in value || "detail-type" in value) return parseEnvelope(value);
    // Data sets and log shippers wrap each record or envelope in an object of their own.
    if (!("eventName" in value) && "record" in value) return parseTrailValue(value.record);
    if (!("eventName" in value) && "event" in value) return parseTrailValue(value.event);
  }
  return parseRecord(value);
}

function formatFailure(file: string, cause: unknown): string {
  const name = file === "-" ? "Standard input" : file;
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  return code === "Z_BUF_ERROR" || code === "Z_DATA_ERROR"
    ? `${name} cannot be read to its end: its gzip data is damaged or cut off (${formatCause(cause)}).`
    : formatFileFailure(name, cause);
}
