import { constants } from "node:buffer";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import type { Readable } from "node:stream";

/** Text cannot be read as such: it is empty, too long, compressed, or in an unknown encoding. The message continues "X cannot be read:". */
export class TextUnreadableError extends Error {
  override readonly name = "TextUnreadableError";
}

/** What to do with a ZIP archive: the reason in a `TextUnreadableError`. */
export const zipAdvice = "it is a ZIP archive. Unpack it, and name the file in it";

/** Whether bytes begin like a ZIP archive; no JSON text does. */
export function isZip(start: Uint8Array): boolean {
  return start[0] === 0x50 && start[1] === 0x4b;
}

type Encoding = "utf-8" | "utf-16le" | "utf-16be";

/**
 * Returns the encoding of a JSON text from its first bytes: a byte order mark tells it, and without one, the zero bytes of
 * UTF-16 do, because JSON begins with ASCII. Windows PowerShell's `>` writes UTF-16 LE with a mark.
 */
export function encodingOf(start: Uint8Array): Encoding {
  const [first = 0x20, second = 0x20] = start;
  if ((first === 0xff && second === 0xfe) || (first !== 0 && second === 0)) return "utf-16le";
  if ((first === 0xfe && second === 0xff) || (first === 0 && second !== 0)) return "utf-16be";
  return "utf-8";
}

/**
 * Reads a whole JSON or policy text from a file, or from `input` (standard input) for `-` where it is given: UTF-8 or
 * UTF-16, with or without byte order mark. Throws `TextUnreadableError`, and system errors as Node throws them.
 */
export async function readText(file: string, input?: Readable): Promise<string> {
  const given = file === "-" ? input : undefined;
  if (given === undefined) checkLength((await stat(file)).size);
  const chunks: Uint8Array[] = [];
  let length = 0;
  const source: AsyncIterable<Uint8Array> = given ?? createReadStream(file);
  for await (const chunk of source) {
    length += chunk.length;
    checkLength(length);
    chunks.push(chunk);
  }
  const bytes = Buffer.concat(chunks);
  const text = decode(bytes);
  if (/^\s*$/.test(text)) throw new TextUnreadableError("it is empty");
  return text;
}

function checkLength(bytes: number): void {
  if (bytes <= constants.MAX_STRING_LENGTH) return;
  const megabytes = (count: number) => `${Math.floor(count / 1024 / 1024)} MB`;
  throw new TextUnreadableError(
    `it has more than ${megabytes(constants.MAX_STRING_LENGTH)}, the longest text that Node.js holds. Split it, for example by account`,
  );
}

function decode(bytes: Uint8Array): string {
  if (isZip(bytes)) throw new TextUnreadableError(zipAdvice);
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    throw new TextUnreadableError("it is compressed with gzip. Decompress it, for example with gunzip -c");
  }
  const encoding = encodingOf(bytes);
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new TextUnreadableError(`it is not valid ${encoding.toUpperCase()}`, { cause });
  }
}

/** Returns a stream of text as UTF-8: UTF-16 is converted, and UTF-8 is passed on as it is. `start` holds its first bytes. */
export async function* toUtf8(
  start: Uint8Array,
  rest: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const encoding = encodingOf(start);
  if (encoding === "utf-8") {
    yield start;
    yield* rest;
    return;
  }
  const decoder = new TextDecoder(encoding);
  const encoder = new TextEncoder();
  yield encoder.encode(decoder.decode(start, { stream: true }));
  for await (const chunk of rest) yield encoder.encode(decoder.decode(chunk, { stream: true }));
  yield encoder.encode(decoder.decode());
}
