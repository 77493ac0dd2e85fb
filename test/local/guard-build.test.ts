import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { describe, it } from "node:test";
import { buildGuard } from "@drift-guard/local/guard-build";
import { configureLocally } from "@drift-guard/local/local";
import config from "../../drift-guard.config.ts";

describe("The build of a local account", () => {
  it("is made once for equal sources and an equal configuration", async () => {
    const lines: string[] = [];
    const build = () =>
      buildGuard(configureLocally(config, { rollback: true }), { report: (line) => lines.push(line) });
    const [first, second] = await Promise.all([build(), build()]);
    assert.deepEqual(second, first);
    assert.ok(lines.length <= 1, `built ${lines.length} times`);
    assert.ok(Object.keys(first.bundles).includes("detect.zip"));
    for (const folder of Object.values(first.bundles)) assert.ok(existsSync(`${folder}/index.mjs`), folder);
  });

  it("is another one for another configuration", async () => {
    const [one, other] = await Promise.all(
      [true, false].map((rollback) => buildGuard(configureLocally(config, { rollback }))),
    );
    assert.ok(one && other);
    assert.notDeepEqual(Object.values(one.bundles), Object.values(other.bundles));
    assert.notDeepEqual(Object.keys(one.template.Resources), Object.keys(other.template.Resources));
  });
});
