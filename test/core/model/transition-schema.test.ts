import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, it } from "node:test";
import { FirstReport } from "@drift-guard/core/model/first-report";
import { Transition } from "@drift-guard/core/model/transition";
import * as z from "zod";
import { aFinding, aTransition, everyEvidence } from "../../builders.ts";

const events = [
  {
    name: "transition",
    title: "Transition",
    description: "The detail of an event of the type Transition on drift-guard's bus.",
    shape: Transition,
  },
  {
    name: "report",
    title: "First report",
    description: "The detail of an event of the type Report on drift-guard's bus.",
    shape: FirstReport,
  },
].map(({ name, title, description, shape }) => ({
  name,
  file: resolve(import.meta.dirname, `../../../docs/schemas/${name}.schema.json`),
  schema: `${JSON.stringify(
    {
      title,
      description,
      ...z.toJSONSchema(shape, {
        io: "input",
        override: ({ jsonSchema }) => {
          if (jsonSchema.type === "object" && jsonSchema.properties) jsonSchema.additionalProperties = false;
          // Zod adds a long pattern that says the same as the format.
          if (jsonSchema.format === "date-time") delete jsonSchema.pattern;
        },
      }),
    },
    null,
    2,
  )}\n`,
}));
// `UPDATE_SCHEMAS=1 node --test test/core/model/transition-schema.test.ts` writes them.
if (process.env.UPDATE_SCHEMAS) for (const { file, schema } of events) writeFileSync(file, schema);

describe("the published schema of an event", () => {
  for (const { name, file, schema } of events) {
    it(`is the schema that the code validates with: ${name}`, () => {
      assert.equal(readFileSync(file, "utf8"), schema);
    });
  }

  it("accepts every kind of evidence after a round trip through JSON", () => {
    for (const evidence of everyEvidence()) {
      const transition = aTransition({ finding: aFinding({ evidence }) });
      assert.deepEqual(Transition.parse(JSON.parse(JSON.stringify(transition))), transition);
    }
  });
});
