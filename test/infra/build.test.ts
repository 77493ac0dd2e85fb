import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { type Bundle, buildFunctions } from "@drift-guard/infra/build";
import { lambdas } from "@drift-guard/infra/bundles";

const everything = join(import.meta.dirname, "configs/everything.ts");

describe("the bundles", () => {
  let out: string;
  let bundles: readonly Bundle[];

  before(async () => {
    out = await mkdtemp(join(tmpdir(), "drift-guard-build-"));
    bundles = await buildFunctions({ config: everything, out });
  });
  after(() => rm(out, { recursive: true, force: true }));

  it("are one for each Lambda of the stack", async () => {
    assert.deepEqual(bundles.map(({ name }) => name).sort(), Object.values(lambdas).toSorted());
    assert.deepEqual((await readdir(out)).sort(), Object.values(lambdas).toSorted());
  });

  it("stand alone: each is loaded where no package is installed, and exports its handler", async () => {
    for (const { name, file } of bundles) {
      const module: unknown = await import(pathToFileURL(file).href);
      assert.ok(typeof module === "object" && module !== null && "handler" in module, name);
      assert.equal(typeof module.handler, "function", name);
    }
  });

  it("are small enough to start quickly: under a megabyte, told as it is", async () => {
    for (const { name, file, bytes } of bundles) {
      assert.equal(bytes, (await readFile(file)).length, name);
      assert.ok(bytes < 1_000_000, `${name} has ${bytes} bytes`);
    }
  });

  it("carry the client of ECS where agents are read, in the sweep, and nowhere else", async () => {
    const carriers: string[] = [];
    for (const { name, file } of bundles) {
      if ((await readFile(file, "utf8")).includes("AmazonEC2ContainerServiceV20141113")) carriers.push(name);
    }
    assert.deepEqual(carriers, ["sweep"]);
  });

  it("carry the clients of secrets, keys and parameters in the functions that only look, and nowhere else", async () => {
    for (const service of ["secretsmanager", "kms", "ssm"]) {
      const carriers: string[] = [];
      for (const { name, file } of bundles) {
        if ((await readFile(file, "utf8")).includes(`com.amazonaws.${service}`)) carriers.push(name);
      }
      assert.deepEqual(carriers.sort(), ["detect", "sweep"], service);
    }
  });

  it("hold the config that was asked for, and not the repository's own", async () => {
    const detect = bundles.find(({ name }) => name === "detect");
    assert.match(await readFile(detect?.file ?? "", "utf8"), /oncall@example\.com/);
  });

  it("are left as they were by a build that fails", async () => {
    await assert.rejects(buildFunctions({ config: join(out, "none.ts"), out }), {
      name: "BundleError",
      message: /could not be bundled.*none\.ts/s,
    });
    assert.deepEqual((await readdir(out)).sort(), Object.values(lambdas).toSorted());
  });
});
