import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formatCause } from "@drift-guard/core/errors";
import { type BuildOptions, build, type Plugin } from "esbuild";
import * as z from "zod";
import { partitionOf } from "../stack/regions.ts";
import { swapConfig } from "./config-swap.ts";
import { installPlatform, repositoryRoot } from "./platform.ts";
import type { JsonValue, Resource, SynthesisSettings } from "./synthesis.ts";

/** The stack could not be synthesised. The message ends with the output of the compiler or of the program. */
export class SynthesisError extends Error {
  override readonly name = "SynthesisError";
}

/** The settings of a synthesis. */
export interface SynthesisOptions {
  readonly stage: string;
  /** A file that replaces drift-guard.config.ts. */
  readonly config?: string;
  /** 12 digits; 123456789012 where left out. */
  readonly account?: string;
  /** Receives a line before slow work. */
  readonly report?: (line: string) => void;
  /** Receives each line that the stack prints to the error stream, as SST shows it in a deployment. */
  readonly print?: (line: string) => void;
}

/**
 * Runs the real sst.config.ts as `sst deploy` does, with a replacement for Pulumi's engine, and returns the resources
 * that it registers. Needs neither AWS nor Pulumi. Installs SST's platform where it is missing. Throws
 * `SynthesisError` and `PlatformInstallError`.
 */
export async function synthesise(options: SynthesisOptions): Promise<Resource[]> {
  const platform = await installPlatform(options);
  const work = await mkdtemp(join(tmpdir(), "drift-guard-synth-"));
  // In SST's platform, so that Node finds the libraries of SST's components.
  const program = join(platform, `synth.${process.pid}.${Date.now()}.${work.slice(-6)}.mjs`);
  const result = join(work, "resources.json");
  try {
    await mkdir(join(work, "code"));
    const app = await readApp(options);
    const region = app.providers.aws.region;
    const settings: SynthesisSettings = {
      project: app.name,
      stage: options.stage,
      account: options.account ?? "123456789012",
      region,
      partition: partitionOf(region),
      code: join(work, "code"),
      result,
    };
    await bundleProgram(options, platform, work, program, {
      $app: JSON.stringify({ ...app, stage: options.stage }),
      $synthesis: JSON.stringify(settings),
    });
    for (const line of (await runProgram(program, region)).split("\n"))
      if (line !== "") options.print?.(line);
    return readResources(await readFile(result, "utf8"));
  } finally {
    await Promise.all([rm(program, { force: true }), rm(work, { recursive: true, force: true })]);
  }
}

const json: z.ZodType<JsonValue> = z.json();
const properties = z.record(z.string(), json);
const resources = z.array(
  z.object({
    type: z.string(),
    name: z.string(),
    region: z.string(),
    inputs: properties,
    outputs: properties,
    options: z.object({ protect: z.boolean(), deleteBeforeReplace: z.boolean() }),
  }),
);

const App = z.looseObject({
  name: z.string(),
  providers: z.object({ aws: z.object({ region: z.string() }) }),
});

/** Reads resources from JSON text, as `synthesise` returned them. Throws `SyntaxError` and `ZodError` for other text. */
export function readResources(text: string): Resource[] {
  return resources.parse(JSON.parse(text));
}

/** Evaluates app() of sst.config.ts alone, as SST does before it compiles the result into the program. */
async function readApp({ stage, config }: SynthesisOptions): Promise<z.infer<typeof App>> {
  const { outputFiles } = await bundle({
    stdin: {
      contents: `import config from "./sst.config.ts"; export default await config.app({ stage: ${JSON.stringify(stage)} });`,
      resolveDir: repositoryRoot,
      loader: "ts",
    },
    banner: { js: "const $config = (config) => config;" },
    external: ["./packages/infra/stack/stack.ts"],
    plugins: config === undefined ? [] : [swapConfig(config)],
    write: false,
  });
  const code = Buffer.from(outputFiles?.[0]?.contents ?? []).toString("base64");
  const module: unknown = await import(`data:text/javascript;base64,${code}`);
  return z.object({ default: App }).parse(module).default;
}

/** Compiles the program as SST does: with SST's globals, and without the libraries of its components. */
async function bundleProgram(
  { config }: SynthesisOptions,
  platform: string,
  work: string,
  outfile: string,
  define: Record<string, string>,
): Promise<void> {
  await bundle({
    entryPoints: [join(repositoryRoot, "packages/infra/synth/program.ts")],
    outfile,
    nodePaths: [join(platform, "node_modules")],
    inject: [join(platform, "src/shim/run.js")],
    external: ["@pulumi/*", "@pulumiverse/*", "@aws-sdk/*", "undici", "esbuild", "archiver", "glob", "vite"],
    define: {
      ...define,
      $cli: JSON.stringify({
        command: "synth",
        paths: { home: repositoryRoot, root: repositoryRoot, work, platform },
        state: { version: {} },
      }),
      $dev: "false",
    },
    banner: {
      js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
    },
    plugins: [
      ...(config === undefined ? [] : [swapConfig(config)]),
      provideGlobals(join(platform, "src/components")),
    ],
  });
}

/** Provides the globals `aws` and `sst` to every module of the project, as SST does. */
function provideGlobals(components: string): Plugin {
  const globals = `import * as aws from "@pulumi/aws"; import * as sst from ${JSON.stringify(components)};\n`;
  return {
    name: "sst-globals",
    setup({ onLoad }) {
      onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        if (path.includes("/.sst/") || path.includes("/node_modules/")) return undefined;
        return { contents: globals + (await readFile(path, "utf8")), loader: "ts" };
      });
    },
  };
}

async function bundle(options: BuildOptions) {
  try {
    return await build({
      bundle: true,
      format: "esm",
      platform: "node",
      target: "node24",
      mainFields: ["module", "main"],
      logLevel: "silent",
      ...options,
    });
  } catch (cause) {
    const why = formatCause(cause);
    throw new SynthesisError(`The stack could not be compiled.\n${why}`, { cause });
  }
}

/** Returns what the program printed to the error stream. */
async function runProgram(program: string, region: string): Promise<string> {
  const child = spawn(process.execPath, [program], {
    cwd: repositoryRoot,
    env: { PATH: process.env.PATH, SST_AWS_REGION: region },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let output = "";
  child.stderr.on("data", (chunk) => (output += String(chunk)));
  const [code] = await once(child, "close");
  if (code !== 0)
    throw new SynthesisError(`The stack failed with exit code ${code}.\n${output.trim().slice(-4000)}`);
  return output;
}
