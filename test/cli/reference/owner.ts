import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defineReference } from "@drift-guard/core/reference/reference";
import { runCli } from "../process.ts";

/** The folder of a test file's owners; each has a folder of its own in it. */
export const home = await mkdtemp(join(tmpdir(), "drift-guard-test-"));

/** Creates a folder of an owner, with a snapshot file in it. */
export async function ownersFolder(
  snapshot: string,
): Promise<{ readonly cwd: string; readonly file: string }> {
  const cwd = await mkdtemp(join(home, "owner-"));
  const file = join(cwd, "account.json");
  await writeFile(file, snapshot);
  return { cwd, file };
}

/** Runs `drift-guard reference` in a folder. */
export const reference = (cwd: string, ...args: readonly string[]) => runCli(["reference", ...args], { cwd });
/** Reads a file of a reference. Throws `ConfigError` if it is not valid. */
export const readReference = async (file: string) =>
  defineReference(JSON.parse(await readFile(file, "utf8")));

/** Returns a reference as `reference show --json` prints it. */
export async function written(role: string): Promise<string> {
  return (await reference(home, "show", role, "--json")).stdout;
}
