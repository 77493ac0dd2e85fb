import { resolve } from "node:path";
import type { Plugin } from "esbuild";

/** An esbuild plugin that takes another file wherever `drift-guard.config.ts` is imported. */
export function swapConfig(path: string): Plugin {
  const file = resolve(path);
  return {
    name: "drift-guard-config",
    setup({ onResolve }) {
      onResolve({ filter: /(^|\/)drift-guard\.config\.ts$/ }, () => ({ path: file }));
    },
  };
}
