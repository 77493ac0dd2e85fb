import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { functionEnvironments } from "@drift-guard/core/config/environment";
import { lambdas } from "@drift-guard/infra/bundles";
import type { Resource } from "@drift-guard/infra/synth/synthesis";
import { stackOf } from "../stacks.ts";

const plain = await stackOf("plain");
const everything = await stackOf("everything");

/** The environment variables of a function that the stack sets for the function itself. */
function variablesOf({ inputs }: Resource): readonly string[] {
  assert.ok(inputs.environment instanceof Object && "variables" in inputs.environment);
  const names = Object.keys(inputs.environment.variables ?? {});
  return names.filter((name) => !/^(?:SST|POWERTOOLS)_/.test(name)).sort();
}

describe("every function", () => {
  const deployed = () => everything.all("aws:lambda/function:Function");

  it("runs Node 24 on arm64, and logs JSON to its own log group for 90 days", () => {
    assert.deepEqual(
      deployed().map(({ name }) => name),
      [
        "DetectFunction",
        "HubImporterFunction",
        "LookerFunction",
        "NotifierFunction",
        "PublishFunction",
        "ResponderFunction",
        "RollbackerFunction",
        "SweepFunction",
      ],
    );
    for (const { name, inputs } of deployed()) {
      assert.equal(inputs.runtime, "nodejs24.x");
      assert.deepEqual(inputs.architectures, ["arm64"]);
      assert.equal(inputs.handler, "index.handler");
      const logs = everything.get(name.replace(/Function$/, "Logs"));
      assert.deepEqual(inputs.loggingConfig, { logFormat: "JSON", logGroup: logs.outputs.name });
      assert.equal(logs.inputs.retentionInDays, 90);
    }
  });

  it("has the environment variables of what it uses, and no others", () => {
    const inspecting = ["CHANGES_QUEUE_URL", "CONTROL_TABLE", "FINDINGS_TABLE"];
    const requesting = ["GUARD_ROLE_ARN", "LOOKUPS_QUEUE_URL", "ROLLBACK_QUEUE_URL"];
    assert.deepEqual(
      Object.fromEntries(
        deployed().map((lambda) => [lambda.name.replace(/Function$/, ""), variablesOf(lambda)]),
      ),
      {
        Detect: [...inspecting, ...requesting],
        HubImporter: ["CONTROL_TABLE", "FINDINGS_TABLE", "TOPIC_ARN"],
        Looker: ["CHANGES_QUEUE_URL", "FINDINGS_TABLE", "LOOKUPS_QUEUE_URL"],
        Notifier: ["CONTROL_TABLE", "FINDINGS_TABLE", "NOTIFY_QUEUE_URL", "TOPIC_ARN"],
        Publish: ["BUS_NAME"],
        Responder: ["CHANGES_QUEUE_URL", "CONTROL_TABLE", "ROLLBACK_QUEUE_URL", "TOPIC_ARN"],
        Rollbacker: ["CONTROL_TABLE", "FINDINGS_TABLE", "ROLLBACK_QUEUE_URL"],
        Sweep: ["BUS_NAME", ...inspecting, ...requesting],
      },
    );
    assert.doesNotMatch(JSON.stringify(plain.resources), /GUARD_ROLE_ARN|ROLLBACK_QUEUE_URL/);
  });

  it("has each environment variable that its code reads", () => {
    for (const [name, source] of Object.entries(lambdas)) {
      const read = Object.keys(functionEnvironments[source].shape).sort();
      assert.deepEqual(variablesOf(everything.get(`${name}Function`)), read, name);
    }
  });

  it("has 1024 MB where it compares policies, so that hostile ones do not time it out", () => {
    const memory = Object.fromEntries(
      deployed().map(({ name, inputs }) => [name.replace(/Function$/, ""), inputs.memorySize]),
    );
    assert.deepEqual(memory, {
      Detect: 1024,
      HubImporter: 256,
      Looker: 256,
      Notifier: 256,
      Publish: 256,
      Responder: 1024,
      Rollbacker: 1024,
      Sweep: 1024,
    });
  });

  it("reserves no concurrency, because throttled messages would end in a dead-letter queue", () => {
    for (const { name, inputs } of deployed())
      assert.equal(inputs.reservedConcurrentExecutions, undefined, name);
  });
});
