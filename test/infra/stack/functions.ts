import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { stackOf } from "../stacks.ts";

const plain = await stackOf("plain");
const everything = await stackOf("everything");

describe("every function", () => {
  const lambdas = () => everything.all("aws:lambda/function:Function");

  it("runs Node 24 on arm64 and logs JSON to a group of its own that forgets", () => {
    assert.deepEqual(
      lambdas().map(({ name }) => name),
      [
        "DetectFunction",
        "HubImporterFunction",
        "NotifierFunction",
        "PublishFunction",
        "RollbackerFunction",
        "SweepFunction",
      ],
    );
    for (const { name, inputs } of lambdas()) {
      assert.equal(inputs.runtime, "nodejs24.x");
      assert.deepEqual(inputs.architectures, ["arm64"]);
      assert.equal(inputs.handler, "index.handler");
      const logs = everything.get(name.replace(/Function$/, "Logs"));
      assert.deepEqual(inputs.loggingConfig, { logFormat: "JSON", logGroup: logs.outputs.name });
      assert.equal(logs.inputs.retentionInDays, 90);
    }
  });

  it("is told where its tables, queue, bus and topic are, each only what it uses", () => {
    const told = Object.fromEntries(
      lambdas().map(({ name, inputs }) => {
        assert.ok(inputs.environment instanceof Object && "variables" in inputs.environment);
        const names = Object.keys(inputs.environment.variables ?? {});
        const own = names.filter((each) => !/^(?:SST|POWERTOOLS)_/.test(each));
        return [name.replace(/Function$/, ""), own.sort()];
      }),
    );
    const inspecting = ["CHANGES_QUEUE_URL", "CONTROL_TABLE", "FINDINGS_TABLE"];
    assert.deepEqual(told, {
      Detect: [...inspecting, "GUARD_ROLE_ARN"],
      HubImporter: ["FINDINGS_TABLE"],
      Notifier: ["FINDINGS_TABLE", "TOPIC_ARN"],
      Publish: ["BUS_NAME"],
      Rollbacker: inspecting,
      Sweep: ["BUS_NAME", ...inspecting, "GUARD_ROLE_ARN"],
    });
    assert.doesNotMatch(JSON.stringify(plain.resources), /GUARD_ROLE_ARN/);
  });

  it("counts its metrics under the guard's name", () => {
    for (const { inputs } of lambdas()) {
      assert.match(JSON.stringify(inputs.environment), /"POWERTOOLS_METRICS_NAMESPACE":"drift-guard"/);
    }
  });

  it("has memory, and with it processor time, to compare hostile policies where it looks at roles", () => {
    const memory = Object.fromEntries(
      lambdas().map(({ name, inputs }) => [name.replace(/Function$/, ""), inputs.memorySize]),
    );
    assert.deepEqual(memory, {
      Detect: 1024,
      HubImporter: 256,
      Notifier: 256,
      Publish: 256,
      Rollbacker: 1024,
      Sweep: 1024,
    });
  });

  it("takes nothing out of the account's pool of concurrency: what is throttled would be given up", () => {
    for (const { name, inputs } of lambdas())
      assert.equal(inputs.reservedConcurrentExecutions, undefined, name);
  });
});
