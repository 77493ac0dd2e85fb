import assert from "node:assert/strict";
import { existsSync, globSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, it } from "node:test";
import { functionEnvironments } from "@drift-guard/core/config/environment";
import { controlKeys, findingKeys } from "@drift-guard/core/store/keys";
import { layers, packages } from "../layout/rooms.ts";

const root = resolve(import.meta.dirname, "../..");
const page = readFileSync(join(root, "docs/architecture.md"), "utf8");

/** The text of a section: from its heading to the next heading of that level or a higher one. */
function readSection(heading: string): string {
  const level = heading.indexOf(" ");
  const after = page.split(`\n${heading}\n`)[1];
  assert.ok(after !== undefined, `the page has no heading "${heading}"`);
  return after.split(new RegExp(`\n#{2,${level}} `))[0] ?? "";
}

/** The rows of a section's tables, without the header rows. A row is a list of cells. */
function readRows(heading: string): readonly (readonly string[])[] {
  return readSection(heading)
    .split("\n")
    .filter((line) => line.startsWith("| ") && !line.startsWith("| ---"))
    .map((line) => line.split("|").slice(1, -1))
    .map((cells) => cells.map((cell) => cell.trim()))
    .filter(([first = ""]) => first.startsWith("`") || /^\d+$/.test(first));
}

/** The texts between single backticks; blocks of code are left out. */
const listCode = (text: string) =>
  [...text.replace(/```.*?```/gs, "").matchAll(/`([^`]+)`/g)].map(([, code = ""]) => code);

describe("the page on architecture", () => {
  it("names files and folders that exist", () => {
    const functions = [...page.matchAll(/functions\/\w+/g)].map(([name]) => `${name}.ts`);
    const paths = listCode(page).filter(
      (code) => /^[\w.-]+(?:\/[\w.-]+)+$/.test(code) && !functions.includes(`${code}.ts`),
    );
    assert.ok(paths.length > 35, `${paths.length} paths`);
    const places = [root, join(root, "packages")];
    const missing = [...paths, ...functions].filter(
      (path) => !places.some((place) => existsSync(join(place, path))),
    );
    assert.deepEqual(missing, []);
  });

  it("links to files that exist", () => {
    const links = [...page.matchAll(/\]\((?!https:)([^)#]+)/g)].map(([, link = ""]) => link);
    assert.deepEqual(
      links.filter((link) => !existsSync(join(root, "docs", link))),
      [],
    );
  });

  it("lists each package with the packages that it may import", () => {
    assert.deepEqual(
      readRows("## Packages").map(([name = "", imports = ""]) => [listCode(name)[0], listCode(imports)]),
      Object.entries(packages),
    );
  });

  for (const name of ["policy", "core", "guard", "aws", "embedded", "infra", "local"] as const) {
    it(`lists the rooms of ${name} by layer`, () => {
      const expected = (layers[name] ?? []).flatMap((rooms, at) => rooms.map((room) => `${at + 1} ${room}`));
      assert.ok(expected.length > 0);
      assert.deepEqual(
        readRows(`### ${name}`).map(([layer, room = ""]) => `${layer} ${listCode(room)[0]}`),
        expected,
      );
    });
  }

  for (const [name, folder] of Object.entries({ cli: "packages/cli", functions: "functions" })) {
    it(`lists the rooms of ${name}`, () => {
      const rooms = readdirSync(join(root, folder), { withFileTypes: true })
        .filter((entry) => entry.isDirectory() && entry.name !== "node_modules")
        .map((entry) => entry.name);
      assert.deepEqual(
        readRows(`### ${name}`)
          .map(([room = ""]) => listCode(room)[0])
          .sort(),
        rooms.sort(),
      );
    });
  }

  it("has a section of rooms for each package that has folders, and for no other package", () => {
    const withRooms = Object.keys(packages).filter((name) => {
      const folder = name === "functions" ? name : join("packages", name);
      return readdirSync(join(root, folder), { withFileTypes: true }).some(
        (entry) => entry.isDirectory() && entry.name !== "node_modules",
      );
    });
    const headings = [...readSection("## Rooms").matchAll(/^### (\w+)$/gm)].map(([, name]) => name);
    assert.deepEqual(headings.sort(), withRooms.sort());
  });

  it("is compared with layers that name every folder and file of their package", () => {
    for (const [name, list] of Object.entries(layers)) {
      const folders = globSync("*/*.{ts,json}", { cwd: join(root, "packages", name) })
        .map((file) => file.split("/")[0] ?? "")
        .filter((folder) => folder !== "node_modules");
      const files = globSync("*.ts", { cwd: join(root, "packages", name) });
      assert.deepEqual([...new Set([...folders, ...files])].sort(), list.flat().sort(), name);
    }
  });

  it("lists the functions with their environment variables", () => {
    assert.deepEqual(
      readRows("## Functions").map(([name = "", , variables = ""]) => [
        listCode(name)[0],
        listCode(variables),
      ]),
      Object.entries(functionEnvironments).map(([name, { shape }]) => [name, Object.keys(shape)]),
    );
    assert.deepEqual(
      globSync("*.ts", { cwd: join(root, "functions") }).sort(),
      Object.keys(functionEnvironments)
        .map((name) => `${name}.ts`)
        .sort(),
    );
  });

  it("lists the ports that packages/core/ports.ts exports, each once", () => {
    const source = readFileSync(join(root, "packages/core/ports.ts"), "utf8");
    const interfaces = [...source.matchAll(/^export interface (\w+)[^{]*\{(.*?)^\}/gms)]
      // Interfaces without a method are values that ports take and return.
      .filter(([, , body = ""]) => /^ {2}\w+\(/m.test(body))
      .map(([, name = ""]) => name);
    const functions = [...source.matchAll(/^export type (\w+) = \(/gm)].map(([, name = ""]) => name);
    assert.deepEqual(
      readRows("## Ports")
        .map(([name = ""]) => listCode(name)[0])
        .sort(),
      [...interfaces, ...functions].sort(),
    );
  });

  it("lists the sort keys of the tables", () => {
    const subject = { kind: "job-definition", region: "region", name: "name" } as const;
    const keys = [
      findingKeys.ledger(),
      findingKeys.finding("id"),
      findingKeys.transition("id", 1).replace(/\d+$/, "seq"),
      findingKeys.usage(subject).replace(subject.kind, "kind"),
      findingKeys.change({ id: "id", digest: "digest" }),
      findingKeys.hubFinding("id"),
      findingKeys.symptom("key"),
      controlKeys.exception("id"),
      controlKeys.approval("id"),
      controlKeys.answer("digest"),
      controlKeys.pause,
      controlKeys.reset("id"),
      controlKeys.closure("id"),
      controlKeys.control,
      controlKeys.attempts,
      controlKeys.causes,
      controlKeys.plan("id"),
      controlKeys.rollback("id"),
      controlKeys.ownCall("id"),
      controlKeys.observing,
      controlKeys.restoring("hour"),
    ];
    assert.deepEqual(
      readRows("## Tables").map(([key = ""]) => listCode(key)[0]),
      keys,
    );
  });
});
