import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { dirname, join, normalize, resolve } from "node:path/posix";
import { describe, it } from "node:test";
import * as z from "zod";
import {
  computed,
  guarded,
  layers,
  libraries,
  loaders,
  narrower,
  otherFiles,
  outside,
  packages,
  unresolved,
} from "./rooms.ts";

const root = resolve(import.meta.dirname, "../..");
const Manifest = z.object({ name: z.string(), exports: z.record(z.string(), z.string()) });

/** One import of a project's file by another; both paths from the root, `packages/` left out. */
interface Import {
  readonly from: string;
  readonly to: string;
}

/** One specifier as a file writes it; `from` is the file's path from the root. */
interface Written {
  readonly from: string;
  readonly specifier: string;
}

/** The names in `.gitignore`. Such files and folders are not part of the project. */
const ignored = /^(?:node_modules|\.sst|\.build|\.local|.*\.sqlite|sst-env\.d\.ts)$/;

/** The project's files, from the root: those at the root and those of the folders that hold code. */
const files: ReadonlySet<string> = new Set(
  globSync(["*", "{packages,functions,test}/**/*"], {
    cwd: root,
    withFileTypes: true,
    exclude: (entry) => ignored.test(entry.name),
  })
    .filter((entry) => entry.isFile() && !ignored.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1)),
);
const own = [...files].filter((file) => /^(?:packages|functions)\//.test(file));

/** The manifest of each package, by the name under which others import it. */
const manifests = new Map(
  own
    .filter((file) => /^packages\/[^/]+\/package\.json$/.test(file))
    .map((file) => {
      const manifest = Manifest.parse(JSON.parse(readFileSync(join(root, file), "utf8")));
      return [manifest.name, { folder: dirname(file), exports: manifest.exports }];
    }),
);

/** The package that a specifier names: `@noble/hashes` of `@noble/hashes/sha2.js`. */
const libraryOf = (specifier: string) =>
  specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");

/** Spaces and comments, which may stand between an import's words. */
const gap = String.raw`(?:\s|/\*(?:(?!\*/)[^])*\*/|//[^\n]*\n)*`;
const between = (quotes: string) =>
  String.raw`${gap}(?<quote>[${quotes}])(?<specifier>(?:(?!\k<quote>)[^\n])+)\k<quote>`;
const importing = [
  new RegExp(String.raw`\b(?:from|import)${between(`"'`)}`, "g"),
  new RegExp(String.raw`\bimport${gap}\(${between("\"'`")}`, "g"),
];
const referring = /^\s*\/\/\/\s*<reference\s[^>]*?\bpath\s*=\s*(?<quote>["'])(?<specifier>.+?)\k<quote>/gm;

// A line of a comment may say "import (".
const dynamic = new RegExp(String.raw`^(?!\s*(?:\*|//)).*?(?<![.\w$])(?<code>import${gap}\([^)]*\)?)`, "gm");
const literal = new RegExp(
  String.raw`^import${gap}\(${gap}(?:"[^"\n]*"|'[^'\n]*'|\x60(?:(?!\$\{)[^\x60\n])*\x60)${gap}\)$`,
);

/** The dynamic imports in a source text whose specifier is not one literal: no test sees which file they load. */
function listComputed(source: string): readonly string[] {
  // A line can have several, and the pattern takes the first: the search goes on behind each.
  const [found] = source.matchAll(dynamic);
  if (found === undefined) return [];
  const { code = "" } = found.groups ?? {};
  const rest = listComputed(source.slice(found.index + found[0].length));
  return literal.test(code) ? rest : [code, ...rest];
}

/** The ways to load a module that no test here follows. */
const loader = /\brequire\s*\(|\bcreateRequire\b|\bimport\.meta\.resolve\b|\bgetBuiltinModule\b/g;

const listLoaders = (source: string): readonly string[] => source.match(loader) ?? [];

/** The files whose imports are read: those of packages and functions, and those at the root, such as the configuration. */
const sources: ReadonlyMap<string, string> = new Map(
  [...own, ...[...files].filter((file) => !file.includes("/"))]
    .filter((file) => /\.(?:[mc]?[jt]s|tsx)$/.test(file))
    .map((file) => [file, readFileSync(join(root, file), "utf8")]),
);

/** Every specifier of an import, export or reference in the sources. */
function listSpecifiers(): readonly Written[] {
  return [...sources]
    .flatMap(([from, source]) => {
      const imported = importing
        .flatMap((pattern) => [...source.matchAll(pattern)])
        .map(({ groups }) => groups?.specifier ?? "");
      const referred = [...source.matchAll(referring)]
        .map(({ groups }) => groups?.specifier ?? "")
        .map((path) => (/^[./]/.test(path) ? path : `./${path}`))
        // SST writes its types there when it is installed.
        .filter((path) => !normalize(join(dirname(from), path)).startsWith(".sst/"));
      return [...imported, ...referred].map((specifier) => ({ from, specifier }));
    })
    .filter((written) => !unresolved.some((known) => isSameText(known, written)));
}

const isSameText = (one: Written, other: Written) =>
  one.from === other.from && one.specifier === other.specifier;

/** Whether a specifier means a file: it is relative, absolute, escaped, or of a package of the project. */
const meansFile = (specifier: string) =>
  /^(?:[./#]|file:)|\\/.test(specifier) || manifests.has(libraryOf(specifier));

/** The project's file that a specifier means, from the root; undefined if there is none at that exact path. */
function resolveSpecifier({ from, specifier }: Written): string | undefined {
  const name = libraryOf(specifier);
  const manifest = manifests.get(name);
  const rest = `.${specifier.slice(name.length)}`;
  const target = manifest?.exports[rest] ?? manifest?.exports["./*"]?.replace("*", rest.slice(2));
  const path = manifest === undefined ? join(dirname(from), specifier) : join(manifest.folder, target ?? "");
  const reaches = /^\.\.?\//.test(specifier) || target !== undefined;
  return reaches && files.has(path) ? path : undefined;
}

const shorten = (file: string) => file.replace(/^packages\//, "");

/** Cycles as paths that end where they began. The result is empty only if there is no cycle; it need not name all. */
function findCycles(imports: readonly Import[]): readonly string[] {
  const targets = Map.groupBy(imports, ({ from }) => from);
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    const start = path.indexOf(file);
    if (start >= 0) cycles.push([...path.slice(start), file].join(" -> "));
    if (start >= 0 || done.has(file)) return;
    for (const { to } of targets.get(file) ?? []) visit(to, [...path, file]);
    done.add(file);
  };
  for (const file of targets.keys()) visit(file, []);
  return cycles;
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
  const written = listSpecifiers();
  const resolved = written
    .filter(({ specifier }) => meansFile(specifier))
    .map((one) => ({ ...one, to: resolveSpecifier(one) }));
  const reached = resolved.flatMap(({ from, to }) => (to === undefined ? [] : [{ from, to }]));
  const isOwn = (file: string) => /^(?:packages|functions)\//.test(file);
  const imports: readonly Import[] = reached
    .filter(({ from, to }) => isOwn(from) && isOwn(to))
    .map(({ from, to }) => ({ from: shorten(from), to: shorten(to) }));

  it("are found", () => {
    assert.ok(imports.length > 500, `${imports.length} imports`);
  });

  it("stand in .ts files, and every other file is listed", () => {
    const wrong = own.filter(
      (file) => !file.endsWith(".ts") && !otherFiles.some((other) => other.files.test(file)),
    );
    assert.deepEqual(wrong, []);
  });

  it("name files that exist, with their endings", () => {
    const wrong = resolved.filter(({ to }) => to === undefined);
    assert.deepEqual(wrong, []);
  });

  it("reach files outside packages and functions only where listed", () => {
    const wrong = reached.filter(
      ({ from, to }) =>
        isOwn(from) && !isOwn(to) && !outside.some((known) => known.from === from && known.to === to),
    );
    assert.deepEqual(wrong, []);
  });

  it("reach only the listed libraries from a pure package", () => {
    const wrong = written.filter(({ from, specifier }) => {
      const name = packageOf(shorten(from));
      const allowed = isPackage(name) ? libraries[name] : undefined;
      return allowed !== undefined && !meansFile(specifier) && !allowed.includes(libraryOf(specifier));
    });
    assert.deepEqual(wrong, []);
  });

  it("form no cycle, types included, and none through a file at the root", () => {
    const program = "packages/infra/synth/program.ts";
    const stack = "packages/infra/stack/stack.ts";
    assert.deepEqual(findCycles(reached), []);
    assert.notDeepEqual(findCycles([...reached, { from: stack, to: program }]), [], "through sst.config.ts");
  });

  it("name their file in one literal, except where listed", () => {
    const wrong = [...sources]
      .flatMap(([from, source]) => listComputed(source).map((code) => ({ from, code })))
      .filter((one) => !computed.some(({ from, code }) => one.from === from && one.code === code));
    assert.deepEqual(wrong, []);
    const planted = "a(import(path)); import(`./${b}.ts`);\nimport(\n  `c`\n); import('d' + e);";
    assert.deepEqual(listComputed(planted), ["import(path)", "import(`./${b}.ts`)", "import('d' + e)"]);
  });

  it("are the only way to load a module, except where listed", () => {
    const wrong = [...sources].filter(
      ([from, source]) => listLoaders(source).length > 0 && !loaders.some((known) => known.from === from),
    );
    assert.deepEqual(
      wrong.map(([from]) => from),
      [],
    );
    const planted = 'const load = createRequire(here); require("x"); import.meta.resolve("y");';
    assert.equal(listLoaders(planted).length, 3);
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
