import { existsSync } from "node:fs";
import { basename, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { type Config, type ConfigInput, defaultRoles, defineConfig } from "@drift-guard/core/config/config";
import { ConfigError, formatCause } from "@drift-guard/core/errors";
import { readJsonFile } from "./file-failure.ts";

const defaultFiles = ["drift-guard.config.ts", "drift-guard.config.json"];

/** Returns the configuration's file: the given one, else the default one in the working directory; undefined if it has none. */
export function findConfigFile(file: string | undefined): string | undefined {
  return file ?? defaultFiles.find((name) => existsSync(name));
}

/**
 * Loads the configuration: the given file, else `drift-guard.config.ts` or `.json` in the working directory, else the
 * default that watches the three roles of the AWS Batch User Guide. Throws `ConfigError`.
 */
export async function loadConfig(file: string | undefined): Promise<Config> {
  const chosen = findConfigFile(file);
  if (chosen === undefined) return defineConfig({ roles: defaultRoles });
  const path = resolve(chosen);
  if (!existsSync(path)) throw new ConfigError(`There is no file ${path}. Check the path.`);
  const written = path.endsWith(".json") ? await readJson(path) : await importDefault(path);
  return defineConfig(readInput(written, path), basename(path));
}

async function readJson(path: string): Promise<unknown> {
  const written = await readJsonFile(path, (text, cause) => new ConfigError(text, { cause }));
  if (typeof written !== "object" || written === null) return written;
  // $schema is for editors and not part of the configuration.
  const { $schema: _, ...choices }: { readonly $schema?: unknown } = written;
  return choices;
}

async function importDefault(path: string): Promise<unknown> {
  const loaded: unknown = await import(pathToFileURL(path).href).catch((cause: unknown) => {
    const why = formatCause(cause);
    throw new ConfigError(`The configuration ${path} cannot be loaded: ${why}`, { cause });
  });
  if (typeof loaded === "object" && loaded !== null && "default" in loaded) return loaded.default;
  throw new ConfigError(
    `The configuration ${path} has no default export: export default defineConfig({ … }).`,
  );
}

// defineConfig validates the content; this only distinguishes an object from anything else.
function readInput(value: unknown, path: string): ConfigInput {
  if (isInput(value)) return value;
  throw new ConfigError(`The default export of the configuration ${path} is not an object.`);
}

function isInput(value: unknown): value is ConfigInput {
  return typeof value === "object" && value !== null && "roles" in value;
}
