import "./quiet.ts";
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it, mock } from "node:test";
import { Metrics } from "@aws-lambda-powertools/metrics";
import { sweepMetrics } from "@drift-guard/core/config/metrics";
import { BatchUnreadableError, StoreUnavailableError } from "@drift-guard/core/errors";
import type { SweepPorts } from "@drift-guard/guard/ports";
import { defineFunction } from "../../functions/shared/function.ts";
import { createHandler } from "../../functions/sweep.ts";
import { aWorld } from "../guard/world.ts";
import { aContext } from "./invocations.ts";

/** The metrics that an invocation emits, in the form that CloudWatch reads from the log. */
let emitted: unknown[] = [];

beforeEach(() => {
  emitted = [];
  mock.method(Metrics.prototype, "publishStoredMetrics", function publish(this: Metrics) {
    const { _aws, ...values } = this.serializeMetrics();
    emitted.push(values);
    this.clearMetrics();
    return this;
  });
});
afterEach(() => mock.restoreAll());

describe("a function", () => {
  it("emits what it counted, under its own name", async () => {
    await defineFunction("detect", async (_, { count }) => count("ForeignMessages", 2))({}, aContext());
    assert.deepEqual(emitted, [{ service: "detect", ForeignMessages: 2 }]);
  });

  it("emits what it counted where it fails", async () => {
    const handler = defineFunction("notify", async (_, { count }) => {
      count("TransitionsMissing", 1);
      throw new Error("The topic is gone.");
    });
    await assert.rejects(async () => handler({}, aContext()), /The topic is gone/);
    assert.deepEqual(emitted, [{ service: "notify", TransitionsMissing: 1 }]);
  });

  it("emits no metric where it counted nothing, also at a cold start", async () => {
    await defineFunction("detect", async () => undefined)({}, aContext());
    assert.deepEqual(emitted, []);
  });
});

describe("a sweep's heartbeat", () => {
  const sweepOnce = async (over: Partial<SweepPorts> = {}, milliseconds = 900_000) => {
    const { ports, settings } = aWorld();
    const announcer = { announce: async () => {} };
    const handler = createHandler(() => ({ ports: { ...ports, announcer, ...over }, settings }));
    return handler({}, aContext(milliseconds));
  };
  const beats = () => emitted.filter((values) => JSON.stringify(values).includes(sweepMetrics.completed));

  it("is counted once a sweep has read every role and AWS Batch in every Region", async () => {
    await sweepOnce();
    assert.deepEqual(beats(), [{ service: "sweep", SweepsCompleted: 1 }]);
  });

  it("is missing where a role was not read in time", async () => {
    await sweepOnce({}, 10_000);
    assert.deepEqual(beats(), []);
  });

  it("is missing where AWS Batch could not be read", async () => {
    const { batch } = aWorld().ports;
    const environments = () => {
      throw new BatchUnreadableError("Access is denied.");
    };
    const { unread } = await sweepOnce({ batch: { ...batch, environments } });
    assert.deepEqual([unread, beats()], [["us-east-1"], []]);
  });

  it("is missing where a ledger could not be loaded", async () => {
    const { findings } = aWorld().ports;
    const load = async () => {
      throw new StoreUnavailableError("The item is spoilt.");
    };
    await assert.rejects(sweepOnce({ findings: { ...findings, load } }), { name: "SweepIncompleteError" });
    assert.deepEqual(beats(), []);
  });
});
