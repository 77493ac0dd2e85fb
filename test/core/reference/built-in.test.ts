import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, it } from "node:test";
import { builtInReferences, findReference, localiseReference } from "@drift-guard/core/reference/built-in";
import { defineReference, formatReference } from "@drift-guard/core/reference/reference";
import { comparePolicies } from "@drift-guard/policy/compare";
import { parsePolicy } from "@drift-guard/policy/parse";
import { trustOf } from "../../builders.ts";
import { referenceOf } from "../watched-roles.ts";

const statements = (text: string) => parsePolicy(text).statements;

describe("the built-in references", () => {
  it("cover every role that AWS Batch works with, with source and date", () => {
    assert.deepEqual(
      builtInReferences().map(({ role, source }) => [role, source.date]),
      [
        ["AWSBatchServiceRole", "2022-03-09"],
        ["AWSServiceRoleForBatch", "2022-03-09"],
        ["ecsTaskExecutionRole", "2020-10-02"],
        ["AWSServiceRoleForAWSBatchWithSagemaker", "2026-04-16"],
        ["ecsInstanceRole", "2026-02-12"],
        ["AmazonEC2SpotFleetTaggingRole", "2020-04-23"],
        ["BatchEventTargetRole", "2018-02-28"],
        ["ecsInfrastructureRole", "2026-02-26"],
        ["ecsManagedInstanceRole", "2026-02-12"],
        ["AWSServiceRoleForEC2Spot", "2020-04-23"],
        ["AWSServiceRoleForEC2SpotFleet", "2020-04-23"],
        ["AWSServiceRoleForAutoScaling", "2025-11-12"],
        ["AWSServiceRoleForECS", "2026-04-22"],
        ["AWSServiceRoleForECSCompute", "2026-02-12"],
      ],
    );
    for (const { purpose } of builtInReferences()) assert.match(purpose ?? "", /^Lets .*\.$/);
  });

  it("hold the statements that the guide prints (R3, R15, R38)", () => {
    const counts = ["AWSBatchServiceRole", "AWSServiceRoleForBatch", "ecsTaskExecutionRole"].map((name) =>
      referenceOf(name).attachments.map(({ document }) => statements(document).length),
    );
    assert.deepEqual(counts, [[5], [17], [1]]);
  });

  it("name the instance profile and the retired policy of a role (2.1, 2.2)", () => {
    assert.equal(referenceOf("ecsInstanceRole").profile, "ecsInstanceRole");
    assert.deepEqual(
      referenceOf("AmazonEC2SpotFleetTaggingRole").retired.map(({ arn }) => arn),
      ["arn:aws:iam::aws:policy/service-role/AmazonEC2SpotFleetRole"],
    );
  });

  it("keep every service-linked role at its service's path, trusted by its service alone (R12, R14)", () => {
    for (const { serviceLinked, path, trust } of builtInReferences()) {
      if (serviceLinked === undefined) continue;
      assert.equal(path, `/aws-service-role/${serviceLinked}/`);
      assert.equal(comparePolicies(trust, trustOf(serviceLinked)).relation, "equal");
    }
  });

  it("are replaced by the owner's reference of the same name", () => {
    const own = { ...referenceOf("ecsInstanceRole"), boundary: "any" } as const;
    assert.equal(findReference("ECSInstanceRole", [own]), own);
    assert.notEqual(findReference("AWSBatchServiceRole", [own]), own);
  });

  it("are written without loss", () => {
    for (const reference of builtInReferences()) {
      assert.deepEqual(defineReference(JSON.parse(formatReference(reference))), reference);
    }
    assert.doesNotMatch(formatReference(referenceOf("ecsInstanceRole")), /strictness|retired/);
  });

  it("are found by name without case, as IAM finds roles", () => {
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
    for (const reference of builtInReferences()) {
      const { source: _, ...localised } = localiseReference(reference, "aws-us-gov");
      assert.doesNotMatch(JSON.stringify(localised), /arn:aws:/);
    }
  });

  it("are equivalent to what AWS published, if the files are available", () => {
    const folder = resolve(import.meta.dirname, "../../../../shared/data/managed-policies/batch");
    for (const { attachments } of builtInReferences()) {
      for (const { arn, version, document } of attachments) {
        const published = readPublished(join(folder, arn.slice(arn.lastIndexOf("/") + 1), `${version}.json`));
        if (published === undefined) continue;
        assert.equal(comparePolicies(document, published).relation, "equal", `${arn} ${version}`);
      }
    }
  });

  it("are equivalent to the source documents, if they are available", () => {
    const seeds = resolve(import.meta.dirname, "../../../../shared/seeds");
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

function readPublished(file: string): string | undefined {
  try {
    return JSON.stringify(JSON.parse(readFileSync(file, "utf8")).Document);
  } catch {
    return undefined;
  }
}

function readBlocks(folder: string, prefix: string): readonly string[] {
  try {
    const file = readdirSync(folder).find((name) => name.startsWith(prefix));
    const text = file === undefined ? "" : readFileSync(join(folder, file), "utf8");
    return [...text.matchAll(/```\n(.*?)```/gs)].map((match) => match[1] ?? "");
  } catch {
    return [];
  }
}
