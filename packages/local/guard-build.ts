import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Config } from "@drift-guard/core/config/config";
import { buildFunctions } from "@drift-guard/infra/build";
import { takeProcessLock } from "@drift-guard/infra/process-lock";
import { repositoryRoot } from "@drift-guard/infra/synth/platform";
import { readResources, synthesise } from "@drift-guard/infra/synth/synth";
import { renderTemplate, type Template } from "@drift-guard/infra/template/template";
import { localFolder } from "./emulators/python.ts";

/** What is deployed into a local account. */
export interface GuardBuild {
  readonly template: Template;
  /** Folders of the functions' bundles, by the `Code.S3Key` of the template. */
  readonly bundles: Readonly<Record<string, string>>;
}

// The first build also installs SST's platform, which takes half a minute.
const lockTimeoutMs = 5 * 60_000;
const keptBuilds = 6;

/**
 * Synthesises the stack and bundles the functions, both with the given configuration instead of the owner's file. The
 * result is stored in `.local/builds` under a digest of its sources: another account with the same sources, of another
 * process too, takes it from there. Throws `BundleError`, `SynthesisError`, `PlatformInstallError` and
 * `LockTimeoutError`, and stores nothing then.
 */
export async function buildGuard(
  config: Config,
  options: { readonly report?: (line: string) => void } = {},
): Promise<GuardBuild> {
  const configText = `export default ${JSON.stringify(config)};\n`;
  const builds = join(localFolder, "builds");
  const folder = join(builds, await digestSources(configText));
  const unlock = await takeProcessLock(`${folder}.lock`, lockTimeoutMs);
  try {
    if (!(await isStored(folder))) {
      options.report?.("Building the functions and the stack …");
      await storeBuild(folder, configText, options.report);
      await removeOldBuilds(builds);
    }
    return await readBuild(folder);
  } finally {
    await unlock();
  }
}

async function storeBuild(
  folder: string,
  configText: string,
  report: ((line: string) => void) | undefined,
): Promise<void> {
  const draft = `${folder}.draft`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { recursive: true });
  const config = join(draft, "drift-guard.config.mjs");
  await writeFile(config, configText);
  const [resources] = await Promise.all([
    synthesise({ stage: "local", config, ...(report && { report }) }),
    // The emulator overwrites the variables in which Lambda passes credentials.
    buildFunctions({ config, out: join(draft, "bundles"), profiles: true }),
  ]);
  await writeFile(join(draft, "resources.json"), JSON.stringify(resources));
  // A stored build is complete: the folder gets its name last.
  await rename(draft, folder);
}

const isStored = (folder: string) =>
  stat(folder).then(
    () => true,
    () => false,
  );

async function readBuild(folder: string): Promise<GuardBuild> {
  const resources = readResources(await readFile(join(folder, "resources.json"), "utf8"));
  const now = new Date();
  await utimes(folder, now, now);
  const names = await readdir(join(folder, "bundles"));
  return {
    template: renderTemplate(resources),
    bundles: Object.fromEntries(names.map((name) => [`${name}.zip`, join(folder, "bundles", name)])),
  };
}

/** Removes builds other than those that were used last. */
async function removeOldBuilds(builds: string): Promise<void> {
  const folders = (await readdir(builds, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  const used = await Promise.all(
    folders.map(async ({ name }) => ({
      path: join(builds, name),
      at: (await stat(join(builds, name))).mtimeMs,
    })),
  );
  const old = used.toSorted((a, b) => b.at - a.at).slice(keptBuilds);
  await Promise.all(old.map(({ path }) => rm(path, { recursive: true, force: true })));
}

/** Returns a digest of everything that a build depends on: the project's sources, its dependencies and the configuration. */
async function digestSources(configText: string): Promise<string> {
  const hash = createHash("sha256").update(`${process.version}\0${configText}`);
  const folders = await Promise.all(["packages", "functions"].map(listSources));
  for (const file of ["package-lock.json", "sst.config.ts", ...folders.flat().sort()])
    hash.update(`\0${file}\0`).update(await readFile(join(repositoryRoot, file)));
  return hash.digest("hex").slice(0, 32);
}

async function listSources(folder: string): Promise<readonly string[]> {
  const entries = await readdir(join(repositoryRoot, folder), { recursive: true });
  return entries.filter((name) => /\.(?:ts|js|json)$/.test(name)).map((name) => join(folder, name));
}
