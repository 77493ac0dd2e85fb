import { resolve } from "node:path";
import type { Plugin } from "esbuild";

/** Returns an esbuild plugin that resolves imports of `drift-guard.config.ts` to the file at `path`. */
export function swapConfig(path: string): Plugin {
  const file = resolve(path);
  return {
    name: "drift-guard-config",
    setup({ onResolve }) {
      onResolve({ filter: /(^|\/)drift-guard\.config\.ts$/ }, () => ({ path: file }));
    },
  };
}
