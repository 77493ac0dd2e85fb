import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, it } from "node:test";

const root = resolve(import.meta.dirname, "../..");
/** One row of the table: the rule's number, its code, and the file and name of its test. */
const rows = readFileSync(resolve(root, "docs/requirements.md"), "utf8")
  .split("\n")
  .filter((line) => /^\| (?:R\d|T\d|2\.)/.test(line))
  .map((line) =>
    line.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|").replaceAll("`", "")),
  )
  .map(([, number = "", , code = "", test = "", name = ""]) => ({ number, code, test, name }));

describe("the table of requirements", () => {
  it("has every number once, in order", () => {
    const count = (prefix: string, to: number) => Array.from({ length: to }, (_, at) => `${prefix}${at + 1}`);
    // The rules after T9 come from accounts in use, and are listed once they are implemented.
    const listed = new Set(rows.map(({ number }) => number));
    const found = count("T", 18).filter((number, at) => at < 9 || listed.has(number));
    assert.deepEqual(
      rows.map(({ number }) => number),
      [...count("R", 47), ...found, ...count("2.", 11)],
    );
  });

  for (const { number, code, test, name } of rows) {
    it(`names an existing file and an existing test for ${number}`, () => {
      const file = code.startsWith("docs/") ? code : `packages/${code}`;
      assert.ok(existsSync(resolve(root, file)), `${file} does not exist`);
      const text = readFileSync(resolve(root, test), "utf8");
      const quoted = [`"${name}"`, `\`${name}\``];
      assert.ok(
        quoted.some((words) => text.includes(words)),
        `${test} has no test "${name}"`,
      );
    });
  }
});
