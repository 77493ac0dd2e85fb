import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ConfigError, formatCause } from "@drift-guard/core/errors";
import { sameRoleName } from "@drift-guard/core/model/role";
import { defineReference, formatReference, type Reference } from "@drift-guard/core/reference/reference";

/** Where an owner's references stand, beside the configuration. */
export const defaultFolder = "references";
const projectFolder = join("packages", "core", "reference", "built-in");

/** Where built-in references are renewed: in the guard's own project, where that is the working directory. */
export function findProjectFolder(): string | undefined {
  return existsSync(join("packages", "core", "reference", "built-in.ts")) ? projectFolder : undefined;
}

/** Reads a reference file; throws `ConfigError` that names file and path. */
export async function readReferenceFile(file: string): Promise<Reference> {
  const fail = (cause: unknown): never => {
    const why = formatCause(cause);
    throw new ConfigError(`The reference ${file} cannot be read: ${why}`, { cause });
  };
  const text = await readFile(file, "utf8").catch(fail);
  const written: unknown = parseJson(text, fail);
  if (typeof written !== "object" || written === null) return fail(new Error("it holds no object."));
  return defineReference(written, `The reference ${file}`);
}

function parseJson(text: string, fail: (cause: unknown) => never): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (error) {
    return fail(error);
  }
}

/** The file of a folder that holds the reference of a name. */
export async function findReferenceFile(folder: string, role: string): Promise<string | undefined> {
  const names = existsSync(folder) ? await readdir(folder) : [];
  for (const name of names.filter((each) => each.endsWith(".json"))) {
    const file = join(folder, name);
    const reference = await readReferenceFile(file);
    if (sameRoleName(reference.role, role)) return file;
  }
  return undefined;
}

/** Writes a reference to its file in a folder, whole or not at all, and gives the file's path. */
export async function writeReferenceFile(folder: string, reference: Reference): Promise<string> {
  const file = (await findReferenceFile(folder, reference.role)) ?? join(folder, `${reference.role}.json`);
  await mkdir(folder, { recursive: true });
  const half = `${file}.${process.pid}.tmp`;
  await writeFile(half, formatReference(reference));
  await rename(half, file);
  return file;
}
