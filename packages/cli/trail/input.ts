import { createReadStream } from "node:fs";
import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";

/** Reads the bytes of a file, or of `input` (standard input) for `-`. Input that begins with gzip's magic number is decompressed. */
export async function* openTrail(file: string, input: Readable): AsyncGenerator<Uint8Array> {
  const source: AsyncIterable<Uint8Array> = file === "-" ? input : createReadStream(file);
  const pieces = source[Symbol.asyncIterator]();
  const first: Uint8Array[] = [];
  // A pipe may deliver a single byte first, and gzip's magic number has two.
  while (first.reduce((sum, { length }) => sum + length, 0) < 2) {
    const next = await pieces.next();
    if (next.done) break;
    first.push(next.value);
  }
  const start = Buffer.concat(first);
  const whole = resume(start, pieces);
  if (start[0] === 0x1f && start[1] === 0x8b) yield* gunzip(whole);
  else yield* whole;
}

async function* resume(start: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield start;
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
}

async function* gunzip(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  // Errors of the source reach the reader of the result, so the callback has nothing to do.
  yield* pipeline(Readable.from(source), createGunzip(), () => {});
}
