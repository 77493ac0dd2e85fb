import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, it } from "node:test";
import { Config } from "@drift-guard/core/config/config";
import { WrittenReference } from "@drift-guard/core/reference/reference";
import * as z from "zod";

// Each schema describes the file as written, without defaults.
const schemas = [
  { name: "reference", title: "Reference", description: "What a role should be.", schema: WrittenReference },
  { name: "config", title: "Config", description: "The owner's choices.", schema: Config },
] as const;

describe("the published schemas of the owner's files", () => {
  for (const { name, title, description, schema } of schemas) {
    const file = resolve(import.meta.dirname, `../../../docs/schemas/${name}.schema.json`);
    const text = `${JSON.stringify(allowPointer({ title, description, ...z.toJSONSchema(schema, { io: "input" }) }), null, 2)}\n`;
    // `UPDATE_SCHEMAS=1 node --test test/core/reference/schema.test.ts` writes them again.
    if (process.env.UPDATE_SCHEMAS) writeFileSync(file, text);

    it(`match the code: ${name}`, () => {
      assert.equal(readFileSync(file, "utf8"), text);
    });
  }
});

// A JSON file may name its schema; the code removes the name before it checks.
function allowPointer({ properties, ...rest }: z.core.JSONSchema.BaseSchema): object {
  return { ...rest, properties: { $schema: { type: "string" }, ...properties } };
}
