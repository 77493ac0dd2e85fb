import { existsSync } from "node:fs";
import { mkdir, readdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ConfigError } from "@drift-guard/core/errors";
import { sameRoleName } from "@drift-guard/core/model/role";
import { defineReference, formatReference, type Reference } from "@drift-guard/core/reference/reference";
import { readJsonFile } from "../file-failure.ts";

/** The folder of an owner's references, beside the configuration. */
export const defaultFolder = "references";
const projectFolder = join("packages", "core", "reference", "built-in");

/** The folder of the built-in references if the working directory is the guard's own project. */
export function findProjectFolder(): string | undefined {
  return existsSync(join("packages", "core", "reference", "built-in.ts")) ? projectFolder : undefined;
}

/** Reads a reference file. Throws `ConfigError` that names the file and the path of the fault. */
export async function readReferenceFile(file: string): Promise<Reference> {
  const written = await readJsonFile(file, (text, cause) => new ConfigError(text, { cause }));
  if (typeof written !== "object" || written === null) {
    throw new ConfigError(`${file} is not a reference: it holds no JSON object. See docs/references.md.`);
  }
  return defineReference(written, `The reference ${file}`);
}

/** The file in a folder that holds the reference of a role; undefined if there is none. */
export async function findReferenceFile(folder: string, role: string): Promise<string | undefined> {
  const names = existsSync(folder) ? await readdir(folder) : [];
  for (const name of names.filter((each) => each.endsWith(".json"))) {
    const file = join(folder, name);
    const reference = await readReferenceFile(file);
    if (sameRoleName(reference.role, role)) return file;
  }
  return undefined;
}

/** Writes a reference to its file in a folder, whole or not at all, and returns the file's path. */
export async function writeReferenceFile(folder: string, reference: Reference): Promise<string> {
  const file = (await findReferenceFile(folder, reference.role)) ?? join(folder, `${reference.role}.json`);
  await mkdir(folder, { recursive: true });
  const draft = `${file}.${process.pid}.tmp`;
  await writeFile(draft, formatReference(reference));
  await rename(draft, file);
  return file;
}
