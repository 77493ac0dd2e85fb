import { mkdir, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { formatCause } from "@drift-guard/core/errors";
import { build, type Plugin } from "esbuild";
import { swapConfig } from "./synth/config-swap.ts";
import { repositoryRoot } from "./synth/platform.ts";

/** A function could not be bundled, or `functions/` holds none. */
export class BundleError extends Error {
  override readonly name = "BundleError";
}

/** A function's code as Lambda runs it: `index.mjs`, with the handler `index.handler`. */
export interface Bundle {
  /** Name of the file in `functions/`, without its ending. */
  readonly name: string;
  /** Absolute path of the bundle's folder. */
  readonly folder: string;
  /** Absolute path of `index.mjs`. */
  readonly file: string;
  /** Size of `index.mjs`. */
  readonly bytes: number;
}

/** The folder from which the stack takes the bundles. */
export const bundlesFolder = join(repositoryRoot, ".build/functions");

/**
 * Bundles each function with everything that it imports, into `<out>/<name>/index.mjs`. `out` is `bundlesFolder` where
 * left out; a file `config` replaces drift-guard.config.ts in the bundles. With `profiles`, the functions can also take their
 * credentials from a profile. A build that fails leaves `out` as it was. Throws `BundleError`.
 */
export async function buildFunctions(
  options: { readonly config?: string; readonly out?: string; readonly profiles?: boolean } = {},
): Promise<Bundle[]> {
  const source = join(repositoryRoot, "functions");
  const out = resolve(options.out ?? bundlesFolder);
  const names = (await readdir(source).catch(() => []))
    .filter((name) => name.endsWith(".ts"))
    .map((name) => basename(name, ".ts"))
    .sort();
  if (names.length === 0)
    throw new BundleError(`${source} holds no function. Run the build in a checkout of the repository.`);

  // Built in a folder of its own and then renamed, so that another process never reads half a bundle.
  const draft = `${out}.${process.pid}.${Date.now()}`;
  const plugins = [
    ...(options.config === undefined ? [] : [swapConfig(options.config)]),
    ...(options.profiles ? [] : [withoutProfiles]),
  ];
  try {
    await bundle(source, names, draft, plugins);
    await rm(out, { recursive: true, force: true });
    await mkdir(dirname(out), { recursive: true });
    await rename(draft, out);
  } catch (cause) {
    await rm(draft, { recursive: true, force: true });
    if (cause instanceof BundleError) throw cause;
    throw new BundleError(`The bundles could not be written to ${out}.`, { cause });
  }
  return Promise.all(names.map((name) => describeBundle(name, join(out, name))));
}

// Each client of the AWS SDK imports its package.json, about 2 KB, and uses nothing of it but the version.
const keepVersions: Plugin = {
  name: "package-versions",
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]node_modules[\\/]@aws-sdk[\\/][^\\/]+[\\/]package\.json$/ }, async ({ path }) => {
      const manifest: unknown = JSON.parse(await readFile(path, "utf8"));
      const hasVersion = typeof manifest === "object" && manifest !== null && "version" in manifest;
      return { contents: JSON.stringify(hasVersion ? { version: manifest.version } : {}), loader: "json" };
    });
  },
};

// AWS Lambda gives a function its credentials in the environment. The SDK loads these providers only where there are none.
const withoutProfiles: Plugin = {
  name: "credentials-of-the-environment",
  setup({ onLoad }) {
    const filter =
      /[\\/]@(?:aws-sdk|smithy)[\\/]credential-provider-(?:imds|ini|process|sso|web-identity)[\\/].*index\.js$/;
    onLoad({ filter }, () => ({
      contents: 'throw new Error("The environment of this function has no AWS credentials.");',
    }));
  },
};

/** Bundles the functions in one run, which reads each of their common files once. */
async function bundle(
  source: string,
  names: readonly string[],
  folder: string,
  plugins: Plugin[],
): Promise<void> {
  try {
    await build({
      entryPoints: Object.fromEntries(names.map((name) => [`${name}/index`, join(source, `${name}.ts`)])),
      outdir: folder,
      outExtension: { ".js": ".mjs" },
      bundle: true,
      platform: "node",
      target: "node24",
      format: "esm",
      minify: true,
      mainFields: ["module", "main"],
      plugins: [...plugins, keepVersions],
      logLevel: "silent",
    });
  } catch (cause) {
    throw new BundleError(`The functions could not be bundled.\n${formatCause(cause)}`, { cause });
  }
}

async function describeBundle(name: string, folder: string): Promise<Bundle> {
  const file = join(folder, "index.mjs");
  return { name, folder, file, bytes: (await stat(file)).size };
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { config: { type: "string" }, out: { type: "string" } } });
  for (const { name, bytes } of await buildFunctions(values))
    console.log(`${name.padEnd(12)} ${(bytes / 1024).toFixed(0).padStart(6)} kB`);
}
