import { createReadStream } from "node:fs";
import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { toUtf8 } from "../text-input.ts";

/**
 * Reads the text of a file, or of `input` (standard input) for `-`, as bytes of UTF-8. Input that begins with gzip's magic
 * number is decompressed, and UTF-16 is converted.
 */
export async function* openTrail(file: string, input: Readable): AsyncGenerator<Uint8Array> {
  const source: AsyncIterable<Uint8Array> = file === "-" ? input : createReadStream(file);
  const [start, rest] = await readStart(source);
  const isGzip = start[0] === 0x1f && start[1] === 0x8b;
  if (!isGzip) yield* toUtf8(start, rest);
  else yield* toUtf8(...(await readStart(gunzip(start, rest))));
}

// A pipe may deliver a single byte first, and the magic number and the encoding show in two.
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
