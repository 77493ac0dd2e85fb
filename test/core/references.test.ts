import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, it } from "node:test";
import { findReference, localiseReference, references } from "@drift-guard/core/references";
import { comparePolicies } from "@drift-guard/policy/compare";
import { parsePolicy } from "@drift-guard/policy/parse";
import { referenceOf } from "./wards.ts";

const statements = (text: string) => parsePolicy(text).statements;

describe("the built-in references", () => {
  it("are the three roles of the guide, each with its source and date", () => {
    assert.deepEqual(
      references().map(({ role, source }) => [role, source.date]),
      [
        ["AWSBatchServiceRole", "2022-03-09"],
        ["AWSServiceRoleForBatch", "2022-03-09"],
        ["ecsTaskExecutionRole", "2020-10-02"],
      ],
    );
  });

  it("hold the statements that the guide prints (R3, R15, R38)", () => {
    const counts = references().map(({ attachments }) =>
      attachments.map(({ document }) => statements(document).length),
    );
    assert.deepEqual(counts, [[5], [17], [1]]);
  });

  it("are found by name in any case, as IAM finds roles", () => {
    assert.equal(findReference("awsbatchservicerole")?.role, "AWSBatchServiceRole");
    assert.equal(findReference("SomethingElse"), undefined);
  });

  it("keep the service-linked role at the path that AWS gives it (R14)", () => {
    assert.equal(referenceOf("AWSServiceRoleForBatch").path, "/aws-service-role/batch.amazonaws.com/");
  });

  it("name another partition's ARNs there (T7)", () => {
    const china = localiseReference(referenceOf("AWSBatchServiceRole"), "aws-cn");
    assert.equal(china.attachments[0]?.arn, "arn:aws-cn:iam::aws:policy/service-role/AWSBatchServiceRole");
    assert.match(china.attachments[0]?.document ?? "", /arn:aws-cn:ecs:\*:\*:task/);
    assert.doesNotMatch(JSON.stringify(china), /arn:aws:/);
  });

  it("mean what the source documents print, where those are at hand", () => {
    const seeds = resolve(import.meta.dirname, "../../../shared/seeds");
    for (const [file, block, mine] of [
      ["000_", 0, referenceOf("AWSBatchServiceRole").attachments[0]?.document],
      ["000_", 1, referenceOf("AWSBatchServiceRole").trust],
      ["001_", 0, referenceOf("AWSServiceRoleForBatch").attachments[0]?.document],
      ["003_", 0, referenceOf("ecsTaskExecutionRole").attachments[0]?.document],
      ["003_", 1, referenceOf("ecsTaskExecutionRole").trust],
    ] as const) {
      const printed = readBlocks(seeds, file)[block];
      if (printed === undefined) continue;
      assert.equal(comparePolicies(mine ?? "", printed).relation, "equal", `${file} block ${block}`);
    }
  });
});

function readBlocks(folder: string, prefix: string): readonly string[] {
  try {
    const file = readdirSync(folder).find((name) => name.startsWith(prefix));
    const text = file === undefined ? "" : readFileSync(join(folder, file), "utf8");
    return [...text.matchAll(/```\n(.*?)```/gs)].map((match) => match[1] ?? "");
  } catch {
    return [];
  }
}
