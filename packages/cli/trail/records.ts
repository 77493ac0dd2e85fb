import type { Readable } from "node:stream";
import { formatCause, MessageUnreadableError } from "@drift-guard/core/errors";
import { formatFileFailure } from "../file-failure.ts";
import { isBlank as isBlankByte } from "./bytes.ts";
import { openTrail } from "./input.ts";
import { byteOrderMark, type RecordPosition, RecordSplitter, type TrailItem } from "./splitter.ts";
import { parseJson, type Unwrapped, unwrap } from "./unwrap.ts";

/** A record of a trail, parsed or with the reason why it is unreadable, and the position of its item in the file. */
export type TrailRecord = { readonly file: string; readonly place: RecordPosition } & Unwrapped;

/**
 * Reads the records of a file (`-` for `input`, which is standard input) one at a time. Throws `TrailUnreadableError` if the file cannot be
 * opened or read to its end, after the records before the damage.
 */
export async function* readTrail(file: string, input: Readable): AsyncGenerator<TrailRecord> {
  const splitter = new RecordSplitter();
  let isBlank = true;
  try {
    for await (const chunk of openTrail(file, input)) {
      isBlank &&= chunk.every((byte) => isBlankByte(byte) || byteOrderMark.includes(byte));
      for (const item of splitter.push(chunk)) yield* readItem(file, item);
    }
  } catch (cause) {
    // The records before the damage are valid; the error reports the rest.
    for (const item of splitter.end()) yield* readItem(file, item);
    throw new TrailUnreadableError(formatFailure(file, cause), { cause });
  }
  for (const item of splitter.end()) yield* readItem(file, item);
  // Nothing was said, so nothing is known: the command before a pipe may have failed.
  if (isBlank) throw new TrailUnreadableError(`${nameOf(file)} is empty.`);
}

/** A trail cannot be opened, or is damaged from some point on; the message names the file and says why. */
export class TrailUnreadableError extends Error {
  override readonly name = "TrailUnreadableError";
}

function* readItem(file: string, item: TrailItem): Iterable<TrailRecord> {
  const { place } = item;
  if ("problem" in item) {
    yield { file, place, problem: item.problem };
    return;
  }
  for (const unwrapped of unwrapText(item.text)) yield { file, place, ...unwrapped };
}

function unwrapText(text: string): readonly Unwrapped[] {
  try {
    return unwrap(parseJson(text, "The record"));
  } catch (error) {
    if (error instanceof MessageUnreadableError) return [{ problem: error.message }];
    throw error;
  }
}

function nameOf(file: string): string {
  return file === "-" ? "Standard input" : file;
}

function formatFailure(file: string, cause: unknown): string {
  const name = nameOf(file);
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  return code === "Z_BUF_ERROR" || code === "Z_DATA_ERROR"
    ? `${name} cannot be read to its end: its gzip data is damaged or cut off (${formatCause(cause)}).`
    : formatFileFailure(name, cause);
}
