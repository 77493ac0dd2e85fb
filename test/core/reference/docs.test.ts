import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { defineConfig } from "@drift-guard/core/config/config";
import { evaluate } from "@drift-guard/core/evaluate/evaluate";
import { builtInReferences } from "@drift-guard/core/reference/built-in";
import { exemplifyReference } from "@drift-guard/core/reference/example";
import { defineReference } from "@drift-guard/core/reference/reference";
import { guardedAs } from "../watched-roles.ts";

const root = resolve(import.meta.dirname, "../../..");
const text = readFileSync(join(root, "docs/references.md"), "utf8");
const blocks = (language: string) =>
  [...text.matchAll(new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, "gs"))].map(([, code = ""]) => code);

describe("docs/references.md", () => {
  it("lists the built-in references as they are", () => {
    const rows = [...text.matchAll(/^\| (\w+) \| (\w+) \| (v\d+) \| (\d{4}-\d\d-\d\d) \| (.*) \|$/gm)];
    assert.deepEqual(
      rows.map(([, role, policy, version, date, particular = ""]) => [
        role,
        policy,
        version,
        date,
        particular.includes("service-linked"),
      ]),
      builtInReferences().map(({ role, serviceLinked, attachments: [attachment] }) => [
        role,
        attachment?.arn.replace(/^.*\//, ""),
        attachment?.version,
        attachment?.source.date,
        serviceLinked !== undefined,
      ]),
    );
  });

  it("shows configurations that are valid", async () => {
    const [reference = ""] = blocks("json");
    const folder = mkdtempSync(join(tmpdir(), "drift-guard-doc-"));
    mkdirSync(join(folder, "references"));
    writeFileSync(join(folder, "references", "Worker.json"), reference);
    const examples = blocks("ts");
    assert.equal(examples.length, 5);
    for (const [index, code] of examples.entries()) {
      const file = join(folder, `${index}.ts`);
      const core = pathToFileURL(join(root, "packages/core")).href;
      writeFileSync(file, code.replaceAll(/"@drift-guard\/core\/(\w+)"/g, `"${core}/$1/$1.ts"`));
      const { default: config } = await import(pathToFileURL(file).href);
      assert.deepEqual(defineConfig(config), config);
    }
  });

  it("shows JSON that is valid", () => {
    const [reference, config, ...others] = blocks("json").map((code) => JSON.parse(code));
    assert.deepEqual(others, []);
    const worker = defineReference(reference);
    assert.deepEqual(
      evaluate({ reference: worker, guarded: guardedAs({}), reading: exemplifyReference(worker) }),
      [],
    );
    const { $schema, ...choices } = config;
    assert.ok(readFileSync(join(root, $schema)));
    assert.equal(defineConfig(choices).severities["vendor-change"], "LOW");
  });
});
