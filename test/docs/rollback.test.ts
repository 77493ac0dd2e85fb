import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { defineConfig } from "@drift-guard/core/config/config";
import { RollbackChoice, RollbackMode } from "@drift-guard/core/config/rollback-choice";
import { Answer } from "@drift-guard/core/respond/answer";
import { close } from "drift-guard/commands/close";
import { findings } from "drift-guard/commands/findings";
import { rollback } from "drift-guard/commands/rollback";

const root = resolve(import.meta.dirname, "../..");
const page = readFileSync(join(root, "docs/rollback.md"), "utf8");
/** The first cells of the table rows of a section. */
const rowsOf = (heading: string) =>
  (page.split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? "")
    .split("\n")
    .flatMap((line) => /^\| `(\w+)` \|/.exec(line)?.[1] ?? []);

describe("the page on rollback", () => {
  it("describes every choice and every mode", () => {
    assert.deepEqual(
      rowsOf("Modes").sort(),
      [...Object.keys(RollbackChoice.shape), ...RollbackMode.options].sort(),
    );
  });

  it("describes every answer", () => {
    assert.deepEqual(
      rowsOf("Answers of people").sort(),
      Answer.options.map((option) => option.unwrap().shape.verb.value).sort(),
    );
  });

  it("shows a configuration that is valid", async () => {
    const [, code] = /```ts\n(.*?)```/s.exec(page) ?? [];
    assert.ok(code !== undefined);
    const file = join(mkdtempSync(join(tmpdir(), "drift-guard-doc-")), "example.ts");
    const core = pathToFileURL(join(root, "packages/core")).href;
    writeFileSync(file, code.replaceAll(/"@drift-guard\/core\/(\w+)"/g, `"${core}/$1/$1.ts"`));
    const { default: config } = await import(pathToFileURL(file).href);
    assert.deepEqual(defineConfig(config), config);
  });

  it("shows commands that exist", () => {
    const shown = [...page.matchAll(/npx (drift-guard (?:rollback |findings )?\w+)/g)].flatMap(
      ([, verb]) => verb ?? [],
    );
    assert.equal(shown.length, 14);
    const help = [rollback.help, findings.help, close.help].join("\n");
    for (const verb of shown) assert.match(help, new RegExp(`${verb} `));
  });

  it("links to files that exist", () => {
    const links = [...page.matchAll(/\]\((?!https:)([^)#]+)/g)].flatMap(([, link]) => link ?? []);
    assert.ok(links.length > 5);
    for (const link of links) assert.ok(readFileSync(join(root, "docs", link)), link);
  });
});
