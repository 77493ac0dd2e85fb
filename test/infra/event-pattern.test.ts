import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { it } from "node:test";
import * as z from "zod";
import { matchesPattern } from "./event-pattern.ts";

const Verdicts = z.array(
  z.strictObject({ pattern: z.unknown(), matching: z.array(z.unknown()), others: z.array(z.unknown()) }),
);

it("the matcher of event patterns decides as AWS's event-ruler does", async () => {
  const verdicts = Verdicts.parse(
    JSON.parse(await readFile(join(import.meta.dirname, "event-ruler.json"), "utf8")),
  );
  for (const { pattern, matching, others } of verdicts) {
    for (const [events, expected] of [
      [matching, true],
      [others, false],
    ] as const)
      for (const event of events)
        assert.equal(
          matchesPattern(pattern, event),
          expected,
          `${JSON.stringify(pattern)} on ${JSON.stringify(event)}`,
        );
  }
});
