import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, normalize, resolve } from "node:path/posix";
import { describe, it } from "node:test";
import * as z from "zod";
import { guarded, layers, narrower, packages } from "./rooms.ts";

const root = resolve(import.meta.dirname, "../..");
const Exports = z.object({ exports: z.record(z.string(), z.string()) });

/** One import of a project's file by another; both paths from the root, `packages/` left out. */
interface Import {
  readonly from: string;
  readonly to: string;
}

/** The file that a specifier means, from the root; undefined for a library or a module of Node. */
function resolveSpecifier(from: string, specifier: string): string | undefined {
  if (specifier.startsWith(".")) return normalize(join(dirname(from), specifier));
  const [, name, rest] = /^@drift-guard\/([^/]+)\/(.+)$/.exec(specifier) ?? [];
  if (name === undefined) return undefined;
  const manifest = Exports.parse(
    JSON.parse(readFileSync(join(root, "packages", name, "package.json"), "utf8")),
  );
  const target = manifest.exports[`./${rest}`] ?? manifest.exports["./*"]?.replace("*", rest ?? "");
  assert.ok(target, `${from} imports ${specifier}, which packages/${name} does not export`);
  return normalize(join("packages", name, target));
}

function listImports(): readonly Import[] {
  const files = globSync(["packages/**/*.ts", "functions/**/*.ts"], { cwd: root }).filter(
    (file) => !file.includes("node_modules"),
  );
  return files.flatMap((file) => {
    const text = readFileSync(join(root, file), "utf8");
    const specifiers = [...text.matchAll(/(?:\bfrom\s+|\bimport\s*\(\s*|^import\s+)"([^"\n]+)"/gm)];
    return specifiers.flatMap(([, specifier = ""]): readonly Import[] => {
      const to = resolveSpecifier(file, specifier);
      // The compiler reports an import of no file; a text of a program, as in synth.ts, is none.
      if (to === undefined || !/^(?:packages|functions)\/.*\.ts$/.test(to)) return [];
      if (!existsSync(join(root, to))) return [];
      return [{ from: file.replace(/^packages\//, ""), to: to.replace(/^packages\//, "") }];
    });
  });
}

const packageOf = (file: string) => file.split("/")[0] ?? "";
const roomOf = (file: string) => file.split("/").slice(0, 2).join("/");
const isPackage = (name: string): name is keyof typeof packages => Object.hasOwn(packages, name);

/** The layer of a room in its package, from the bottom; undefined where the package has no rooms. */
function layerOf(file: string): number | undefined {
  const name = packageOf(file);
  const list = isPackage(name) ? layers[name] : undefined;
  if (list === undefined) return undefined;
  const room = file.split("/")[1] ?? "";
  const layer = list.findIndex((rooms) => rooms.includes(room));
  assert.ok(layer >= 0, `${file} is in no room of test/layout/rooms.ts`);
  return layer;
}

describe("the imports of packages and functions", () => {
  const imports = listImports();

  it("are found", () => {
    assert.ok(imports.length > 500, `${imports.length} imports`);
  });

  it("go from a package to those that it may import", () => {
    const wrong = imports.filter(({ from, to }) => {
      const [mine, theirs] = [packageOf(from), packageOf(to)];
      if (mine === theirs) return false;
      return !isPackage(mine) || !(packages[mine] as readonly string[]).includes(theirs);
    });
    assert.deepEqual(wrong, []);
  });

  it("go from a room to lower rooms of its package", () => {
    const wrong = imports.filter(({ from, to }) => {
      if (packageOf(from) !== packageOf(to) || roomOf(from) === roomOf(to)) return false;
      const [mine, theirs] = [layerOf(from), layerOf(to)];
      return mine !== undefined && theirs !== undefined && theirs >= mine;
    });
    assert.deepEqual(wrong, []);
  });

  for (const { room, mayImport, why } of narrower) {
    it(`keep ${room} to ${mayImport.join(" and ")}: ${why}`, () => {
      const wrong = imports.filter(
        ({ from, to }) => roomOf(from) === room && roomOf(to) !== room && !mayImport.includes(roomOf(to)),
      );
      assert.deepEqual(wrong, []);
    });
  }

  for (const { room, importedBy, files, why } of guarded) {
    it(`reach ${room} only from ${importedBy.join(" and ")}, at ${files.join(" and ")}: ${why}`, () => {
      const exported = files.concat();
      const wrong = imports.filter(({ from, to }) => {
        if (roomOf(to) !== room || roomOf(from) === room || packageOf(from) !== packageOf(room)) return false;
        return !importedBy.includes(roomOf(from)) || !exported.includes(to);
      });
      assert.deepEqual(wrong, []);
    });
  }
});
