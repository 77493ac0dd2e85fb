import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { prices } from "../../bench/cost/prices.ts";
import { renderCost, replaceComputed, sumUsage } from "../../bench/cost/tables.ts";
import { activities, useGuard } from "../../bench/cost/usage.ts";
import { stackOf } from "../stacks.ts";

const plain = await stackOf("plain");
const everything = await stackOf("everything");
// It has the essential alarms alone.
const elsewhere = await stackOf("elsewhere");
const page = readFileSync(join(import.meta.dirname, "../../../docs/cost.md"), "utf8");

describe("the page on cost", () => {
  it("has the tables of the present stack", () => {
    const computed = renderCost({ plain: plain.resources, everything: everything.resources });
    assert.equal(
      page,
      replaceComputed(page, computed),
      "docs/cost.md is not what the stack costs: run node test/bench/cost.ts",
    );
  });

  it("counts alarms by the metrics that they read, and polls by the queues", () => {
    const usage = (resources: typeof plain.resources) => useGuard(resources, activities.quiet);
    const [alarm = assert.fail()] = plain.all("aws:cloudwatch/metricAlarm:MetricAlarm");
    const metricQueries = [
      { id: "a", metric: {} },
      { id: "b", metric: {} },
      { id: "e", expression: "a-b" },
    ];
    const combined = { ...alarm, inputs: { ...alarm.inputs, metricQueries } };
    const before = usage(plain.resources).alarm ?? 0;
    assert.equal(usage([...plain.resources, combined]).alarm, before + 2);
    const idle = plain.resources.filter(({ name }) => !name.startsWith("NotifySubscriber"));
    assert.equal(idle.length, plain.resources.length - 1);
    const polls = (usage(plain.resources).queue ?? 0) - (usage(idle).queue ?? 0);
    assert.ok(polls > 100_000 && polls <= 5 * 3 * 60 * 730, `${polls} polls`);
  });

  it("keeps the aims for the smallest guard in a quiet account, with all alarms and with the essential ones", () => {
    const cost = (resources: typeof plain.resources) => sumUsage(useGuard(resources, activities.quiet));
    assert.ok(cost(plain.resources) < 6);
    const isAlarm = (type: string) => /^aws:cloudwatch\/\w+Alarm:/.test(type);
    const essential = plain.resources.filter(({ type, name }) => !isAlarm(type) || elsewhere.has(name));
    assert.ok(cost(essential) < 2, String(cost(essential)));
  });

  it("has a source for each price", () => {
    for (const { source } of Object.values(prices))
      assert.match(source, /^https:\/\/aws\.amazon\.com\/[a-z-]+\/pricing\//);
  });
});
