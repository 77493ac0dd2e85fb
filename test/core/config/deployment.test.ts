import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { appName, locateDeployment, nameResource, stageOf } from "@drift-guard/core/config/deployment";

describe("the name of a resource", () => {
  it("is app, stage and purpose, and a region where it has one", () => {
    assert.equal(nameResource("queue", "changes", { stage: "production" }), "drift-guard-production-changes");
    assert.equal(
      nameResource("rule", "batch", { stage: "dev", region: "eu-west-1" }),
      "drift-guard-dev-batch-eu-west-1",
    );
    assert.equal(nameResource("role", "detect", { app: "other", stage: "dev" }), "other-dev-detect");
  });

  it("may be as long as AWS allows, and no longer", () => {
    const stage = "s".repeat(64 - appName.length - "--detect".length);
    assert.equal(nameResource("function", "detect", { stage }).length, 64);
    assert.throws(() => nameResource("function", "detect", { stage: `${stage}s` }), {
      name: "ConfigError",
      message: `The function drift-guard-${stage}s-detect would have a name of 65 characters, and AWS allows 64.\nShorten the stage ${stage}s by 1 character.`,
    });
  });

  it("asks for a shorter app where no stage is short enough", () => {
    assert.throws(() => nameResource("rule", "batch", { app: "a".repeat(70), stage: "dev" }), {
      name: "ConfigError",
      message: /Shorten the name of the app in sst\.config\.ts, a+\.$/,
    });
  });

  it("holds no stage with other characters than letters, digits and hyphens", () => {
    for (const stage of ["", "a/b", "a b", "*", "ü"])
      assert.throws(() => nameResource("queue", "changes", { stage }), {
        name: "ConfigError",
        message: /letters, digits and hyphens/,
      });
  });
});

describe("a deployment", () => {
  it("is named by its functions", () => {
    for (const stage of ["production", "a-notify", "notify"])
      assert.equal(stageOf(nameResource("function", "notify", { stage }), "notify"), stage);
    for (const name of [
      "guard",
      "drift-guard-notify",
      "drift-guard--notify",
      "drift-guard-production-publish",
    ])
      assert.equal(stageOf(name, "notify"), undefined);
  });

  it("is found by its stage, region and account, in any partition", () => {
    const place = { stage: "production", region: "cn-north-1", account: "123456789012", partition: "aws-cn" };
    const deployment = locateDeployment(place);
    assert.equal(deployment.control, "drift-guard-production-control");
    assert.equal(
      deployment.respond,
      "arn:aws-cn:lambda:cn-north-1:123456789012:function:drift-guard-production-respond",
    );
    assert.equal(
      deployment.arnOfFunction("rollback"),
      "arn:aws-cn:lambda:cn-north-1:123456789012:function:drift-guard-production-rollback",
    );
    assert.equal(
      deployment.arnOfFunctionRole("rollback"),
      "arn:aws-cn:iam::123456789012:role/drift-guard-production-rollback",
    );
  });
});
