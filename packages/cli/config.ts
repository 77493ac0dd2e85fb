import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { type Config, type ConfigInput, defineConfig, usualRoles } from "@drift-guard/core/config";
import { ConfigError } from "@drift-guard/core/errors";

const usual = "drift-guard.config.ts";

/**
 * The owner's choices: of the file that is named, else of `drift-guard.config.ts` in the working directory, else the
 * usual ones, which guard the three roles of the guide. Throws `ConfigError`.
 */
export async function loadConfig(file: string | undefined): Promise<Config> {
  if (file === undefined && !existsSync(usual)) return defineConfig({ roles: usualRoles });
  const path = resolve(file ?? usual);
  if (!existsSync(path)) throw new ConfigError(`There is no configuration ${path}.`);
  const loaded: unknown = await import(pathToFileURL(path).href).catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError(`The configuration ${path} cannot be loaded: ${why}`, { cause });
  });
  if (typeof loaded !== "object" || loaded === null || !("default" in loaded)) {
    throw new ConfigError(
      `The configuration ${path} has no default export: export default defineConfig({ … }).`,
    );
  }
  return defineConfig(readInput(loaded.default, path));
}

// Whatever the file exports is checked whole by defineConfig; this only tells an object from something else.
function readInput(value: unknown, path: string): ConfigInput {
  if (isInput(value)) return value;
  throw new ConfigError(`The configuration ${path} exports no object as its default.`);
}

function isInput(value: unknown): value is ConfigInput {
  return typeof value === "object" && value !== null && "roles" in value;
}
