import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { Deletion } from "@drift-guard/core/model/deletion";
import { formatRoleKey } from "@drift-guard/core/model/role";
import type { DeletionMemory } from "@drift-guard/guard/linked-role/deletion";
import * as z from "zod";
import { formatSystemError } from "../file-failure.ts";

/** The file of requested deletions cannot be read or written; the message says which file and what to do. */
export class DeletionFileError extends Error {
  override readonly name = "DeletionFileError";
}

const Content = z.object({ schema: z.literal(1), deletions: z.record(z.string(), Deletion) });
type Content = z.infer<typeof Content>;

/** The default file of requested deletions: `drift-guard/deletions.json` in XDG_STATE_HOME, else in `~/.local/state`. */
export function defaultDeletionFile(environment: NodeJS.ProcessEnv): string {
  const state = environment.XDG_STATE_HOME || join(environment.HOME || homedir(), ".local", "state");
  return join(state, "drift-guard", "deletions.json");
}

/**
 * Remembers requested deletions in a file, one per role. The file is replaced whole, so an interrupted program leaves the
 * old one. Throws `DeletionFileError`.
 */
export function openDeletionFile(file: string): DeletionMemory {
  const draft = `${file}.${process.pid}`;
  const write = async (text: string) => {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await writeFile(draft, text, { mode: 0o600 });
  };
  return {
    async ready() {
      await read(file);
      try {
        await write("");
        await rm(draft);
      } catch (cause) {
        throw failure("cannot be written. Choose another file with --state", file, cause);
      }
    },
    load: async (role) => (await read(file)).deletions[formatRoleKey(role)],
    async save(deletion) {
      const { deletions } = await read(file);
      const content: Content = {
        schema: 1,
        deletions: { ...deletions, [formatRoleKey(deletion.role)]: deletion },
      };
      try {
        await write(`${JSON.stringify(content, undefined, 2)}\n`);
        await rename(draft, file);
      } catch (cause) {
        throw failure(`cannot be written. The deletion task is ${deletion.taskId}`, file, cause);
      }
    },
  };
}

async function read(file: string): Promise<Content> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") {
      return { schema: 1, deletions: {} };
    }
    throw failure("cannot be read. Choose another file with --state", file, cause);
  }
  try {
    return Content.parse(JSON.parse(text));
  } catch (cause) {
    throw failure(
      "is not a file of deletions. Choose another file with --state, or move this one away",
      file,
      cause,
    );
  }
}

function failure(what: string, file: string, cause: unknown): DeletionFileError {
  const why =
    cause instanceof z.ZodError || cause instanceof SyntaxError ? "" : ` (${formatSystemError(cause)})`;
  return new DeletionFileError(`The state file ${file} ${what}${why}.`, { cause });
}
