import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { alarmedMetrics, forgedItems } from "@drift-guard/core/config/metrics";
import * as z from "zod";
import { home, stackOf } from "../stacks.ts";

const everything = await stackOf("everything");
const runbook = await readFile(join(import.meta.dirname, "../../../docs/alarms.md"), "utf8");
const alarms = () => everything.all("aws:cloudwatch/metricAlarm:MetricAlarm");
const Environment = z.object({ variables: z.record(z.string(), z.string()) });

describe("every alarm", () => {
  it("names its section of the runbook, and has a text that CloudWatch takes", () => {
    for (const { name, inputs } of alarms()) {
      const text = String(inputs.alarmDescription);
      assert.ok(text.length <= 1024, name);
      const section = /\(runbook: docs\/alarms\.md, "(\w+)"\)$/.exec(text)?.[1] ?? "";
      assert.match(runbook, new RegExp(`^\\| \`${section}\` \\|`, "m"), name);
      assert.ok(name.startsWith(section) && section !== "", name);
    }
  });

  it("has one command, on a function or a log of this deployment, in the guard's region", () => {
    const functions = everything.all("aws:lambda/function:Function").map(({ outputs }) => outputs.name);
    for (const { name, inputs } of alarms()) {
      const text = String(inputs.alarmDescription);
      const commands = text.match(/aws (?:lambda invoke|logs tail) /g) ?? [];
      assert.equal(commands.length, 1, name);
      const named = /(?:--function-name |\/aws\/lambda\/)(\S+)/.exec(text)?.[1] ?? "";
      assert.ok(functions.includes(named), `${name}: ${named}`);
      assert.ok(text.includes(`--region ${home} `), name);
      assert.doesNotMatch(text, /replay/);
    }
  });

  it("of missed messages has the command that starts a sweep, because their queues refuse what people send", () => {
    for (const { name, inputs } of alarms().filter(({ name }) => name.includes("Missed")))
      assert.match(
        String(inputs.alarmDescription),
        /aws lambda invoke --region us-east-1 --function-name drift-guard-ci-sweep --invocation-type Event \/dev\/null/,
        name,
      );
  });
});

describe("an alarm on a metric", () => {
  it("watches a metric that a function of this deployment, and not of another stage, counts", () => {
    const own = alarms().filter(({ inputs }) => inputs.namespace === "drift-guard-ci");
    assert.deepEqual(
      own
        .map(({ inputs }) => JSON.stringify([inputs.metricName, inputs.dimensions, inputs.statistic]))
        .sort(),
      [
        ...Object.entries(alarmedMetrics),
        ...forgedItems.functions.map((service) => [service, forgedItems.metric]),
      ]
        .map(([service, metric]) => JSON.stringify([metric, { service }, "Sum"]))
        .sort(),
    );
    for (const { name, inputs } of everything.all("aws:lambda/function:Function")) {
      const { variables } = Environment.parse(inputs.environment);
      assert.equal(variables.POWERTOOLS_METRICS_NAMESPACE, "drift-guard-ci", name);
    }
  });

  it("is raised by each error of respond, which no queue keeps", () => {
    const { inputs } = everything.get("RespondErrorsAlarm");
    assert.deepEqual(
      [inputs.namespace, inputs.metricName, inputs.dimensions, inputs.threshold],
      ["AWS/Lambda", "Errors", { FunctionName: everything.get("ResponderFunction").outputs.name }, 0],
    );
  });
});
