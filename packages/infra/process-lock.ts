import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

const pollMs = 200;

/** The process that holds a lock did not free it in time. */
export class LockTimeoutError extends Error {
  override readonly name = "LockTimeoutError";
}

/**
 * Takes a lock that is a file with the holder's process id, and returns the function that frees it. Waits while the
 * holder is alive, and takes over the lock of a process that has ended. Creates the lock's folder where it is missing.
 * Throws `LockTimeoutError` after `timeoutMs`, and the error of the file system where the lock cannot be written.
 */
export async function takeProcessLock(file: string, timeoutMs: number): Promise<() => Promise<void>> {
  const deadline = Date.now() + timeoutMs;
  await mkdir(dirname(file), { recursive: true });
  for (;;) {
    try {
      await writeFile(file, String(process.pid), { flag: "wx" });
      return () => rm(file, { force: true });
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw error;
    }
    const holder = Number(await readFile(file, "utf8").catch(() => ""));
    if (holder > 0 && !isProcessAlive(holder)) {
      await rm(file, { force: true });
    } else if (Date.now() > deadline) {
      throw new LockTimeoutError(
        `Another process has held the lock ${file} for ${timeoutMs / 1000} seconds.\n` +
          "Wait until it ends. If no such process exists, remove the file and try again.",
      );
    } else {
      await pause(pollMs);
    }
  }
}

/** Whether a process with this id exists, processes of other users included. */
export function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: the process exists and belongs to another user.
    return codeOf(error) === "EPERM";
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
