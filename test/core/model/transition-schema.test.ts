import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, it } from "node:test";
import { Transition } from "@drift-guard/core/model/transition";
import * as z from "zod";
import { aFinding, aTransition, everyEvidence } from "../../builders.ts";

const file = resolve(import.meta.dirname, "../../../docs/schemas/transition.schema.json");
const schema = `${JSON.stringify(
  {
    title: "Transition",
    description: "The detail of every event on drift-guard's bus.",
    ...z.toJSONSchema(Transition, {
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
)}\n`;
// `UPDATE_SCHEMAS=1 node --test test/core/model/transition-schema.test.ts` writes it.
if (process.env.UPDATE_SCHEMAS) writeFileSync(file, schema);

describe("the published schema of a transition", () => {
  it("is the schema that the code validates with", () => {
    assert.equal(readFileSync(file, "utf8"), schema);
  });

  it("accepts every kind of evidence after a round trip through JSON", () => {
    for (const evidence of everyEvidence()) {
      const transition = aTransition({ finding: aFinding({ evidence }) });
      assert.deepEqual(Transition.parse(JSON.parse(JSON.stringify(transition))), transition);
    }
  });
});
