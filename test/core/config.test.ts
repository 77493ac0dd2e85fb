import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type ConfigInput, defineConfig } from "@drift-guard/core/config";
import config from "../../drift-guard.config.ts";

describe("the configuration", () => {
  it("that comes with the project guards the three roles and puts nothing back", () => {
    assert.deepEqual(Object.keys(config.roles), [
      "AWSBatchServiceRole",
      "AWSServiceRoleForBatch",
      "ecsTaskExecutionRole",
    ]);
    for (const { rollback } of Object.values(config.roles))
      assert.deepEqual(rollback, { excess: "off", missing: "off" });
  });

  for (const [what, input, path] of [
    ["an unknown field", { roles: { R: { rolback: {} } } }, /roles\.R/],
    [
      "a rollback mode that there is not",
      { roles: { R: { rollback: { excess: "always" } } } },
      /roles\.R\.rollback\.excess/,
    ],
    ["a path without its slashes", { roles: { R: { paths: ["service-role"] } } }, /roles\.R\.paths\[0\]/],
    ["a delay that SQS cannot hold", { roles: {}, recheckSeconds: 901 }, /recheckSeconds/],
    ["a name that is no role's", { roles: { "a b": {} } }, /a b/],
  ] as const) {
    it(`with ${what} is refused, by the path of the mistake`, () => {
      // What a person writes is not bound to the types: the check is what holds it.
      const written: ConfigInput = JSON.parse(JSON.stringify(input));
      assert.throws(() => defineConfig(written), { name: "ConfigError", message: path });
    });
  }
});
