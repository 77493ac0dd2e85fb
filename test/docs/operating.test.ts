import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, it } from "node:test";
import { DoctorOutput } from "drift-guard/output/doctor";

const page = readFileSync(resolve(import.meta.dirname, "../../docs/operating.md"), "utf8");

/** The first cells of the table that has this header. */
function cellsUnder(header: string): readonly string[] {
  const table = page.split(`\n| ${header} |`)[1]?.split("\n\n")[0] ?? "";
  return [...table.matchAll(/^\| `([^`]+)`/gm)].map(([, cell = ""]) => cell);
}

describe("the page on operating", () => {
  it("explains each area and each status of doctor", () => {
    const { area, status } = DoctorOutput.shape.checks.unwrap().element.shape;
    assert.deepEqual(cellsUnder("area"), area.options);
    assert.deepEqual(cellsUnder("status").toSorted(), status.options.toSorted());
  });
});
