import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Config } from "@drift-guard/core/config/config";
import type { FunctionName } from "@drift-guard/core/config/environment";
import { zipFolder } from "./archive.ts";
import { type Bundle, buildFunctions } from "./build.ts";
import { lambdas } from "./bundles.ts";
import { partitionOf } from "./stack/regions.ts";
import { synthesise } from "./synth/synth.ts";
import type { Resource } from "./synth/synthesis.ts";
import { type PortableTemplate, renderPortableTemplates } from "./template/portable.ts";

/** The folder for a distribution holds files that are not part of one. */
export class DistributionError extends Error {
  override readonly name = "DistributionError";
}

/** A template of a distribution. */
export interface DistributedTemplate {
  /** Such as `guard.us-east-1.template.json`. */
  readonly file: string;
  readonly region: string;
  /** Whether it holds the guard itself, or else the rules that forward events to it. */
  readonly isGuard: boolean;
  /** Number of its resources. */
  readonly resources: number;
}

/** What was written for deployments by CloudFormation. */
export interface Distribution {
  /** The folder's absolute path. */
  readonly folder: string;
  /** The guard's first. */
  readonly templates: readonly DistributedTemplate[];
  /** Files in the folder `functions`, such as `detect-0123456789abcdef.zip`. */
  readonly archives: readonly string[];
}

const stage = "production";
// No AWS account has this id, so that it stands for no account of the configuration.
const anyAccount = "000000000000";
const archivesFolder = "functions";

/**
 * Writes the CloudFormation templates of the guard with this configuration, for any account, and the archives of its
 * functions. The resources are those that `sst deploy --stage production` creates. An archive's name has a digest of its
 * content, so that a new version never replaces the code of an older one. An earlier distribution in the folder is
 * replaced. Throws `DistributionError`, and those of `synthesise` and `buildFunctions`.
 */
export async function writeDistribution(
  config: Config,
  options: { readonly out: string; readonly version: string; readonly report?: (line: string) => void },
): Promise<Distribution> {
  const folder = resolve(options.out);
  const earlier = await listEarlier(folder);
  const { report, version } = options;
  const work = await mkdtemp(join(tmpdir(), "drift-guard-distribution-"));
  try {
    const file = join(work, "drift-guard.config.mjs");
    await writeFile(file, `export default ${JSON.stringify(config)};\n`);
    report?.("Building the functions and the stack …");
    const [resources, bundles] = await Promise.all([
      synthesise({ stage, account: anyAccount, config: file, ...(report && { report }) }),
      buildFunctions({ config: file, out: join(work, "bundles") }),
    ]);
    const archives = await packFunctions(resources, bundles);
    const region = config.regions.guard;
    const templates = renderPortableTemplates(resources, {
      place: { account: anyAccount, partition: partitionOf(region), region, stage },
      archives: Object.fromEntries(archives.map(({ name, file }) => [name, file])),
      version,
    });
    await Promise.all(earlier.map((name) => rm(join(folder, name))));
    await mkdir(join(folder, archivesFolder), { recursive: true });
    for (const { file, content } of archives) await writeFile(join(folder, archivesFolder, file), content);
    return {
      folder,
      templates: await writeTemplates(folder, templates, region),
      archives: archives.map(({ file }) => file).toSorted(),
    };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** The archive of a function. */
interface Archive {
  readonly name: FunctionName;
  readonly file: string;
  readonly content: Uint8Array;
}

/** Packs the bundles of the functions that the stack has. */
async function packFunctions(
  resources: readonly Resource[],
  bundles: readonly Bundle[],
): Promise<readonly Archive[]> {
  const components = new Set(resources.map(({ name }) => name));
  const packed: Archive[] = [];
  for (const [lambda, name] of Object.entries(lambdas)) {
    const bundle = bundles.find((each) => each.name === name);
    if (bundle === undefined || !components.has(`${lambda}Function`)) continue;
    const content = await zipFolder(bundle.folder);
    const digest = createHash("sha256").update(content).digest("hex").slice(0, 16);
    packed.push({ name, file: `${name}-${digest}.zip`, content });
  }
  return packed;
}

async function writeTemplates(
  folder: string,
  templates: ReadonlyMap<string, PortableTemplate>,
  home: string,
): Promise<readonly DistributedTemplate[]> {
  const written: DistributedTemplate[] = [];
  for (const [region, template] of templates) {
    const isGuard = region === home;
    const file = `${isGuard ? "guard" : "events"}.${region}.template.json`;
    await writeFile(join(folder, file), `${JSON.stringify(template, undefined, 1)}\n`);
    written.push({ file, region, isGuard, resources: Object.keys(template.Resources).length });
  }
  return written.toSorted((a, b) => Number(b.isGuard) - Number(a.isGuard));
}

/** Lists the files of an earlier distribution in the folder. Throws `DistributionError` where it holds others. */
async function listEarlier(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  });
  const files = entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
  const [foreign] = files.filter(
    (file) =>
      !/^(?:(?:guard|events)\.[a-z0-9-]+\.template\.json|functions\/[a-z]+-[0-9a-f]{16}\.zip)$/.test(file),
  );
  if (foreign !== undefined)
    throw new DistributionError(
      `The folder ${folder} holds files that are not part of a distribution, such as ${foreign}. Name a folder of its own.`,
    );
  return files;
}
