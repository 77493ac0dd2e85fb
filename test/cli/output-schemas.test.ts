import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, it } from "node:test";
import { AnswerOutput } from "drift-guard/output/answer";
import { CheckOutput } from "drift-guard/output/check";
import { CompareOutput } from "drift-guard/output/compare";
import { DoctorOutput } from "drift-guard/output/doctor";
import { EnsureOutput } from "drift-guard/output/ensure";
import { ExplainOutput } from "drift-guard/output/explain";
import {
  FindingsExportOutput,
  FindingsHistoryOutput,
  FindingsListOutput,
  FindingsShowOutput,
} from "drift-guard/output/findings";
import { MigrateOutput } from "drift-guard/output/migrate";
import { NotifyTestOutput } from "drift-guard/output/notify";
import {
  ReferenceCaptureOutput,
  ReferenceListOutput,
  ReferenceRefreshOutput,
  ReferenceShowOutput,
} from "drift-guard/output/reference";
import { RollbackApplyOutput, RollbackPlanOutput, RollbackStatusOutput } from "drift-guard/output/rollback";
import {
  SlrCreateOutput,
  SlrDeleteOutput,
  SlrDeletePlanOutput,
  SlrDescribeOutput,
  SlrStatusOutput,
} from "drift-guard/output/slr";
import * as z from "zod";

const folder = resolve(import.meta.dirname, "../../docs/schemas");

/** Every document that the command line prints with `--json`, by the name of its published file. */
const outputs: Readonly<Record<string, z.ZodType>> = {
  answer: AnswerOutput,
  check: CheckOutput,
  compare: CompareOutput,
  doctor: DoctorOutput,
  ensure: EnsureOutput,
  explain: ExplainOutput,
  "findings-list": FindingsListOutput,
  "findings-show": FindingsShowOutput,
  "findings-history": FindingsHistoryOutput,
  "findings-export": FindingsExportOutput,
  migrate: MigrateOutput,
  "notify-test": NotifyTestOutput,
  "reference-list": ReferenceListOutput,
  "reference-show": ReferenceShowOutput,
  "reference-capture": ReferenceCaptureOutput,
  "reference-refresh": ReferenceRefreshOutput,
  "rollback-plan": RollbackPlanOutput,
  "rollback-apply": RollbackApplyOutput,
  "rollback-status": RollbackStatusOutput,
  "slr-status": SlrStatusOutput,
  "slr-delete-plan": SlrDeletePlanOutput,
  "slr-delete": SlrDeleteOutput,
  "slr-create": SlrCreateOutput,
  "slr-describe": SlrDescribeOutput,
};

describe("the published schemas of --json", () => {
  for (const [name, schema] of Object.entries(outputs)) {
    const file = resolve(folder, `${name}.schema.json`);
    const command = name.replace("-", " ");
    const head = {
      title: `drift-guard ${command} --json`,
      description:
        name === "explain"
          ? "One line that drift-guard explain --json prints."
          : `What drift-guard ${command} --json prints.`,
    };
    const text = `${JSON.stringify({ ...head, ...z.toJSONSchema(schema, { io: "input" }) }, null, 2)}\n`;
    // `UPDATE_SCHEMAS=1 node --test test/cli/output-schemas.test.ts` writes them.
    if (process.env.UPDATE_SCHEMAS) writeFileSync(file, text);

    it(`are generated from the schema that the command encodes with: ${name}`, () => {
      assert.equal(readFileSync(file, "utf8"), text);
    });
  }

  it("are one file per command, beside what owners write and the bus carries", () => {
    assert.deepEqual(
      readdirSync(folder).sort(),
      [...Object.keys(outputs), "config", "reference", "report", "transition"]
        .map((name) => `${name}.schema.json`)
        .sort(),
    );
  });
});
