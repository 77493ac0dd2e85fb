import { mkdirSync, statSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { homedir } from "node:os";
import { join } from "node:path";

/**
 * Keeps compiled modules in `~/.cache/drift-guard`, because compiling them takes half the time of a short command. Applies
 * to modules that are imported later. Node runs what it finds there, so that the folder is the user's own: Node's default
 * is a folder of known name in the folder for temporary files, which another user could make first. Does nothing if the
 * folder cannot be made, or if the environment decides (NODE_COMPILE_CACHE, NODE_DISABLE_COMPILE_CACHE).
 */
export function keepCompiledModules(): void {
  try {
    const cache = join(homedir(), ".cache");
    const folder = join(cache, "drift-guard");
    // One after the other: a home that does not exist is not made.
    for (const one of [cache, folder]) makeFolder(one);
    const { uid, mode } = statSync(folder);
    const isOwn = process.getuid === undefined || (uid === process.getuid() && (mode & 0o022) === 0);
    if (isOwn) enableCompileCache(folder);
  } catch {
    // The command works without it.
  }
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
}
