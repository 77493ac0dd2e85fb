import { readFileSync } from "node:fs";
import { SourceMap } from "node:module";
import { fileURLToPath } from "node:url";

// Undefined where a file has no map, as the sources themselves.
const maps = new Map<string, SourceMap | undefined>();

// A frame ends with its place, such as `(file:///var/task/index.mjs:90:35213)`.
const place = /(file:\/\/[^\s()]+):(\d+):(\d+)(?=\)?$)/;

/**
 * Has the stack of each error name files and lines of the sources in place of those of the bundle. A file's map is read when
 * a stack with that file is first asked for: Node's own option `--enable-source-maps` reads every map at the start, which
 * takes a fifth of it.
 */
export function nameSources(): void {
  Error.prepareStackTrace = (error, frames) =>
    [String(error), ...frames.map((frame) => `    at ${nameSource(String(frame))}`)].join("\n");
}

function nameSource(frame: string): string {
  return frame.replace(place, (found: string, file: string, line: string, column: string) => {
    const origin = readMap(file)?.findOrigin(Number(line), Number(column));
    return origin && "fileName" in origin
      ? `${origin.fileName}:${origin.lineNumber}:${origin.columnNumber}`
      : found;
  });
}

function readMap(file: string): SourceMap | undefined {
  if (!maps.has(file)) maps.set(file, parseMap(file));
  return maps.get(file);
}

function parseMap(file: string): SourceMap | undefined {
  try {
    return new SourceMap(JSON.parse(readFileSync(`${fileURLToPath(file)}.map`, "utf8")));
  } catch {
    return undefined;
  }
}
