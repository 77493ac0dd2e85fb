import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, it } from "node:test";

const root = resolve(import.meta.dirname, "../..");
const readText = (file: string) => readFileSync(resolve(root, file), "utf8");
const lines = readText("docs/aws-facts.md").split("\n");
const titles = lines.filter((line) => line.startsWith("## ")).map((line) => line.slice(3));
const facts = lines.filter((line) => line.startsWith("- "));
const files = globSync(
  ["packages/**/*.{ts,py,md}", "functions/**/*.ts", "test/**/*.ts", "docs/**/*.md", "*.md", "*.ts"],
  { cwd: root },
).filter((file) => !file.includes("node_modules"));

/** Joins the lines of a comment, because a citation may continue on the next line. */
const joinLines = (text: string) => text.replace(/\s*\n\s*(?:\*|\/\/|#)?\s*/g, " ");

describe("the facts about AWS", () => {
  it("are found", () => {
    assert.ok(facts.length > 50, `${facts.length} facts`);
  });

  for (const fact of facts) {
    it(`name a source or are marked as unverified: ${fact.slice(2, 72)}`, () => {
      const source = /Source: (.+)$/.exec(fact)?.[1];
      if (source === undefined) {
        assert.match(fact, /Unverified[.:]/, "neither a source nor marked as unverified");
        return;
      }
      assert.match(source, /\]\(https:\/\/|API model|recorded|\bas (?:above|the envelope|\*)/);
      assert.match(source, /read 20\d\d-\d\d|\bas (?:above|the envelope|\*)/);
    });
  }

  it("are cited by section titles that exist in docs/aws-facts.md", () => {
    const citations = files.flatMap((file) =>
      [...joinLines(readText(file)).matchAll(/docs\/aws-facts\.md,? (?:"([^"]+)"|.{0,20})/g)]
        .filter(() => !file.startsWith("test/docs/") && !file.endsWith(".md"))
        .map(([citation, title]) => ({ file, citation, title })),
    );
    assert.ok(citations.length > 20, `${citations.length} citations`);
    assert.deepEqual(
      citations.filter(({ title }) => title === undefined || !titles.includes(title)),
      [],
    );
  });

  it("are cited in place of documents that are not in this repository", () => {
    const pointers = /platform[-]facts|[(]design:|\bdesign(?:\.md| \d+(?:\.\d+)?)\b/;
    assert.deepEqual(
      files.filter((file) => pointers.test(readText(file))),
      [],
    );
  });
});
