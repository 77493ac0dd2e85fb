import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { formatCause } from "@drift-guard/core/errors";
import { build, type Metafile, type Plugin } from "esbuild";
import * as z from "zod";
import { swapConfig } from "./synth/config-swap.ts";
import { repositoryRoot } from "./synth/platform.ts";

/** A function could not be bundled, or `functions/` holds none. */
export class BundleError extends Error {
  override readonly name = "BundleError";
}

/**
 * A function's code as Lambda runs it: the folder of `index.mjs`, with the handler `index.handler`, and of the files that it
 * imports.
 */
export interface Bundle {
  /** Name of the file in `functions/`, without its ending. */
  readonly name: string;
  /** Absolute path of the bundle's folder. */
  readonly folder: string;
  /** Absolute path of `index.mjs`. */
  readonly file: string;
  /** Size of the code in the folder, without its source maps. */
  readonly bytes: number;
  /** Size of the code that a start of the function loads. The rest is loaded when it is needed. */
  readonly startBytes: number;
}

/** The folder from which the stack takes the bundles. */
export const bundlesFolder = join(repositoryRoot, ".build/functions");

/**
 * Bundles each function with everything that it imports, into `<out>/<name>/index.mjs` and files beside it: a module that
 * the code imports with `import()` is in a file of its own, which is loaded when it is needed. `out` is `bundlesFolder` where
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
  let sizes: readonly Pick<Bundle, "bytes" | "startBytes">[];
  try {
    sizes = await Promise.all(
      names.map((name) => bundle(join(source, `${name}.ts`), join(draft, name), plugins)),
    );
    await rm(out, { recursive: true, force: true });
    await mkdir(dirname(out), { recursive: true });
    await rename(draft, out);
  } catch (cause) {
    await rm(draft, { recursive: true, force: true });
    if (cause instanceof BundleError) throw cause;
    throw new BundleError(`The bundles could not be written to ${out}.`, { cause });
  }
  return names.flatMap((name, index) => {
    const folder = join(out, name);
    const size = sizes[index];
    return size === undefined ? [] : [{ name, folder, file: join(folder, "index.mjs"), ...size }];
  });
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

// Functions write no JSON Schemas, and Zod's code for them, 19 KB, is in every schema's class.
const withoutJsonSchemas: Plugin = {
  name: "zod-without-json-schemas",
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]zod[\\/]v4[\\/]core[\\/](?:json-schema-processors|to-json-schema)\.js$/ }, () => ({
      contents: "module.exports = {};",
    }));
  },
};

/** Bundles one function into a folder. Throws `BundleError`. */
async function bundle(
  entry: string,
  folder: string,
  plugins: Plugin[],
): Promise<Pick<Bundle, "bytes" | "startBytes">> {
  try {
    const { metafile } = await build({
      entryPoints: { index: entry },
      outdir: folder,
      outExtension: { ".js": ".mjs" },
      absWorkingDir: repositoryRoot,
      bundle: true,
      splitting: true,
      platform: "node",
      target: "node24",
      format: "esm",
      minify: true,
      sourcemap: true,
      sourcesContent: false,
      mainFields: ["module", "main"],
      plugins: [...plugins, keepVersions, withoutJsonSchemas],
      metafile: true,
      logLevel: "silent",
    });
    await Promise.all(
      Object.keys(metafile.outputs)
        .filter((path) => path.endsWith(".map"))
        .map(shortenSources),
    );
    return measure(metafile);
  } catch (cause) {
    throw new BundleError(`The function ${basename(entry)} could not be bundled.\n${formatCause(cause)}`, {
      cause,
    });
  }
}

const SourceMap = z.looseObject({ sources: z.array(z.string()) });

/** Names the sources of a map from the root of the repository, so that a bundle does not depend on where it was built. */
async function shortenSources(output: string): Promise<void> {
  const path = join(repositoryRoot, output);
  const map = SourceMap.parse(JSON.parse(await readFile(path, "utf8")));
  const sources = map.sources.map((source) => relative(repositoryRoot, resolve(dirname(path), source)));
  await writeFile(path, JSON.stringify({ ...map, sources }));
}

/** Returns the size of all code of a bundle, and of those that its entry imports statically. */
function measure({ outputs }: Metafile): Pick<Bundle, "bytes" | "startBytes"> {
  const all = Object.entries(outputs).filter(([path]) => path.endsWith(".mjs"));
  const started = new Set(
    all.flatMap(([path, { entryPoint }]) => (basename(path) === "index.mjs" && entryPoint ? [path] : [])),
  );
  // A set yields what is added meanwhile too.
  for (const path of started) {
    for (const { path: imported, kind } of outputs[path]?.imports ?? [])
      if (kind === "import-statement" && imported in outputs) started.add(imported);
  }
  const sum = (some: typeof all) => some.reduce((total, [, { bytes }]) => total + bytes, 0);
  return { bytes: sum(all), startBytes: sum(all.filter(([path]) => started.has(path))) };
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { config: { type: "string" }, out: { type: "string" } } });
  const kilobytes = (bytes: number) => `${(bytes / 1024).toFixed(0).padStart(5)} KB`;
  for (const { name, bytes, startBytes } of await buildFunctions(values))
    console.log(`${name.padEnd(12)} ${kilobytes(startBytes)} at its start, ${kilobytes(bytes)} in all`);
}
