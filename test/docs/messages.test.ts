import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { describe, it } from "node:test";
import { TransitionKind } from "@drift-guard/core/model/transition";
import { listExamples } from "../formats/examples.ts";

const file = new URL("../../docs/messages.md", import.meta.url);

/** Where the example of a kind of transition begins and ends on the page. */
function findExample(page: string, kind: string): readonly [start: number, end: number] {
  const heading = page.indexOf(`\n### \`${kind}\`\n`);
  assert.ok(heading >= 0, `no heading for ${kind}`);
  const fence = "```text\n";
  const start = page.indexOf(fence, heading) + fence.length;
  const end = page.indexOf("\n```", start);
  const next = page.indexOf("\n#", heading + 1);
  assert.ok(start < end && end < next, `no example for ${kind}`);
  return [start, end];
}

describe("the page on messages", () => {
  it("has an example of each kind of transition, as the formats print it", () => {
    const examples = listExamples();
    let page = readFileSync(file, "utf8");
    if (process.env.UPDATE_EXAMPLES === "1") {
      for (const [kind, text] of examples) {
        const [start, end] = findExample(page, kind);
        page = page.slice(0, start) + text + page.slice(end);
      }
      writeFileSync(file, page);
    }
    for (const kind of TransitionKind.options) {
      const example = examples.get(kind);
      if (example === undefined) assert.ok(page.includes(`### \`${kind}\`\n\nPeople are not told`), kind);
      else assert.equal(page.slice(...findExample(page, kind)), example);
    }
  });
});
