import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Zippable, zipSync } from "fflate";

/** A file of an archive. */
export interface ArchivedFile {
  /** The path in the archive, with forward slashes and no leading one. */
  readonly name: string;
  readonly content: Uint8Array;
}

/** Returns a ZIP archive of every file below a folder, with names relative to the folder. */
export async function zipFolder(folder: string): Promise<Uint8Array> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const names = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .toSorted();
  return zip(
    await Promise.all(names.map(async (name) => ({ name, content: await readFile(join(folder, name)) }))),
  );
}

// A fixed date and file mode for every entry, so that equal files make equal archives.
const options = { mtime: new Date(1980, 0, 1), os: 3, attrs: 0o100644 << 16 } as const;

/** Returns a ZIP archive of files with distinct names, as Lambda takes it for code. */
export function zip(files: readonly ArchivedFile[]): Uint8Array {
  const entries: Zippable = Object.fromEntries(files.map(({ name, content }) => [name, content]));
  return zipSync(entries, options);
}
