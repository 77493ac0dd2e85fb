import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, it } from "node:test";
import { listActions } from "@drift-guard/policy/catalogue";
import { catalogue } from "@drift-guard/policy/catalogue.generated";
import { build } from "esbuild";
import { catalogueFile, printCatalogue } from "./generate-catalogue.ts";

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

describe("the bundle of the comparison", () => {
  const folder = resolve(import.meta.dirname, "../../packages/policy");

  it("is smaller than 66 KiB, holds no catalogue and imports nothing", async () => {
    const { metafile } = await build({
      entryPoints: [resolve(folder, "compare.ts")],
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
    assert.ok(output.bytes < 66 * 1024, `it has ${output.bytes} bytes`);
    assert.deepEqual(output.imports, []);
    const files = Object.keys(metafile.inputs);
    assert.ok(files.includes("compare.ts"));
    assert.deepEqual(
      files.filter((file) => file.includes("catalogue") || file.startsWith("../")),
      [],
    );
  });
});
