import type { Dirent } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { formatFileFailure } from "../file-failure.ts";

/** The most files that one folder may hold, and the most folders inside each other. CloudTrail's own paths have nine. */
const maxFiles = 100_000;
const maxDepth = 32;

const trailFile = /\.(?:json|jsonl|ndjson|log)(?:\.gz)?$|\.gz$/i;

/** A file of a trail, or why a folder, or a part of it, cannot be read. */
export interface ListedFile {
  readonly path: string;
  readonly problem?: string;
}

/**
 * Yields the trail files of a path: the path itself, or, of a folder, the files in it and its folders whose names end like
 * those of trails (.json, .jsonl, .ndjson, .log, .gz), sorted by path. Symbolic links inside the folder are not followed.
 * A folder that cannot be listed, is empty of trail files, or holds too many is yielded with the problem.
 */
export async function* listTrailFiles(path: string): AsyncGenerator<ListedFile> {
  if (!(await isFolder(path))) {
    yield { path };
    return;
  }
  let count = 0;
  for await (const file of walk(path, 0)) {
    count += 1;
    if (count > maxFiles) {
      yield {
        path,
        problem: `The folder ${path} holds more than ${maxFiles} trail files. Name folders in it.`,
      };
      return;
    }
    yield file;
  }
  if (count > 0) return;
  const problem = `${path} is a directory without trail files (.json, .jsonl, .ndjson, .log or .gz).`;
  yield { path, problem };
}

/** Whether a path names a folder. A path that does not exist, and standard input (`-`), name none. */
export async function isFolder(path: string): Promise<boolean> {
  if (path === "-") return false;
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

async function* walk(folder: string, depth: number): AsyncGenerator<ListedFile> {
  if (depth > maxDepth) {
    yield { path: folder, problem: `${folder} lies more than ${maxDepth} folders deep.` };
    return;
  }
  let entries: Dirent[];
  try {
    entries = await readdir(folder, { withFileTypes: true });
  } catch (cause) {
    yield { path: folder, problem: formatFileFailure(folder, cause) };
    return;
  }
  entries.sort((one, other) => (one.name < other.name ? -1 : 1));
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* walk(path, depth + 1);
    else if (entry.isFile() && trailFile.test(entry.name)) yield { path };
  }
}
