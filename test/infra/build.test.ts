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

  it("exist for each Lambda of the stack and no others", async () => {
    assert.deepEqual(bundles.map(({ name }) => name).sort(), Object.values(lambdas).toSorted());
    assert.deepEqual((await readdir(out)).sort(), Object.values(lambdas).toSorted());
  });

  it("load without any installed package, and export a handler", async () => {
    for (const { name, file } of bundles) {
      const module: unknown = await import(pathToFileURL(file).href);
      assert.ok(typeof module === "object" && module !== null && "handler" in module, name);
      assert.equal(typeof module.handler, "function", name);
    }
  });

  it("are smaller than a mebibyte each, and report their true size", async () => {
    for (const { name, file, bytes } of bundles) {
      assert.equal(bytes, (await readFile(file)).length, name);
      assert.ok(bytes < 1_048_576, `${name} has ${bytes} bytes`);
    }
  });

  it("take their credentials from the environment, and contain no client that signs a person in", async () => {
    for (const { name, file } of bundles) {
      assert.equal((await readFile(file, "utf8")).includes("AWSSSOOIDCService"), false, name);
    }
  });

  it("contain the ECS client in the sweep only, which reads agents", async () => {
    const holders: string[] = [];
    for (const { name, file } of bundles) {
      if ((await readFile(file, "utf8")).includes("AmazonEC2ContainerServiceV20141113")) holders.push(name);
    }
    assert.deepEqual(holders, ["sweep"]);
  });

  it("contain the clients of secrets, keys and parameters in detect and sweep only", async () => {
    for (const service of ["secretsmanager", "kms", "ssm"]) {
      const holders: string[] = [];
      for (const { name, file } of bundles) {
        if ((await readFile(file, "utf8")).includes(`com.amazonaws.${service}`)) holders.push(name);
      }
      assert.deepEqual(holders.sort(), ["detect", "sweep"], service);
    }
  });

  it("contain the given config instead of the repository's own", async () => {
    const detect = bundles.find(({ name }) => name === "detect");
    assert.match(await readFile(detect?.file ?? "", "utf8"), /oncall@example\.com/);
  });

  it("stay unchanged when a build fails", async () => {
    await assert.rejects(buildFunctions({ config: join(out, "none.ts"), out }), {
      name: "BundleError",
      message: /could not be bundled.*none\.ts/s,
    });
    assert.deepEqual((await readdir(out)).sort(), Object.values(lambdas).toSorted());
  });
});
