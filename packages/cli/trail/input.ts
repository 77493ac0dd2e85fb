import { createReadStream } from "node:fs";
import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { isZip, TextUnreadableError, toUtf8, zipAdvice } from "../text-input.ts";

// Downloads through a proxy or browser may compress a compressed file once more.
const maxCompressions = 3;

/**
 * Reads the text of a file, or of `input` (standard input) for `-`, as bytes of UTF-8. Input that begins with gzip's magic
 * number is decompressed, up to three times, and UTF-16 is converted. Throws `TextUnreadableError` for a ZIP archive.
 */
export async function* openTrail(file: string, input: Readable): AsyncGenerator<Uint8Array> {
  const source: AsyncIterable<Uint8Array> = file === "-" ? input : createReadStream(file);
  let [start, rest] = await readStart(source);
  for (let times = 0; start[0] === 0x1f && start[1] === 0x8b; times += 1) {
    if (times === maxCompressions) {
      throw new TextUnreadableError(`it is compressed more than ${maxCompressions} times`);
    }
    [start, rest] = await readStart(gunzip(start, rest));
  }
  if (isZip(start)) throw new TextUnreadableError(zipAdvice);
  yield* toUtf8(start, rest);
}

// A pipe may deliver a single byte first, and the magic numbers and the encoding show in two.
async function readStart(
  source: AsyncIterable<Uint8Array>,
): Promise<readonly [start: Uint8Array, rest: AsyncIterable<Uint8Array>]> {
  const pieces = source[Symbol.asyncIterator]();
  const first: Uint8Array[] = [];
  while (first.reduce((sum, { length }) => sum + length, 0) < 2) {
    const next = await pieces.next();
    if (next.done) break;
    first.push(next.value);
  }
  return [Buffer.concat(first), { [Symbol.asyncIterator]: () => pieces }];
}

async function* gunzip(start: Uint8Array, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const whole = async function* () {
    yield start;
    yield* rest;
  };
  // Errors of the source reach the reader of the result, so the callback has nothing to do.
  yield* pipeline(Readable.from(whole()), createGunzip(), () => {});
}
