import "./quiet.ts";
import assert from "node:assert/strict";
import { describe, it, mock } from "node:test";
import { Metrics } from "@aws-lambda-powertools/metrics";
import { StoreUnavailableError } from "@drift-guard/core/errors";
import type { Announcer } from "@drift-guard/core/ports";
import { openDatabase } from "@drift-guard/embedded/sqlite/database";
import type { SweepPorts } from "@drift-guard/guard/ports";
import { createHandler, handler } from "../../functions/sweep.ts";
import { allow, batchServicePolicy } from "../builders.ts";
import { aWorld, type World } from "../guard/world.ts";
import { aContext } from "./invocations.ts";

const detach = {
  call: "DetachRolePolicy",
  roleName: "AWSBatchServiceRole",
  policyArn: batchServicePolicy,
} as const;

/** The sweep of a world, with an announcer that keeps the ids of what it announces. */
function sweepIn({ ports, settings }: World, over: Partial<SweepPorts> = {}) {
  const announced: string[] = [];
  const announcer: Announcer = {
    announce: async (transitions) => void announced.push(...transitions.map(({ id }) => id)),
  };
  return {
    announced,
    invoke: createHandler(() => ({ ports: { ...ports, announcer, ...over }, settings })),
  };
}

describe("sweep, in process", () => {
  it("inspects every watched role and returns the new transitions", async () => {
    const world = aWorld();
    world.act(detach);
    const result = await sweepIn(world).invoke({}, aContext(900_000));
    assert.deepEqual([result.inspected, result.left, result.unread], [3, [], []]);
    const [finding, ...others] = await world.findings();
    assert.equal(others.length, 0);
    assert.deepEqual(result.transitions, [`${finding?.id}#1`]);
  });

  it("announces an undelivered transition again", async () => {
    const world = aWorld();
    world.act(detach);
    const { invoke, announced } = sweepIn(world);
    const { transitions } = await invoke({}, aContext(900_000));
    world.clock.advance(3_600);
    const { resent } = await invoke({}, aContext(900_000));
    assert.equal(resent, 1);
    assert.deepEqual(announced, transitions);
  });

  it("counts a transition that cannot be read once, and announces the others", async () => {
    const database = openDatabase(":memory:");
    const world = aWorld({ database });
    world.act(detach);
    world.act({
      call: "PutRolePolicy",
      roleName: "ecsTaskExecutionRole",
      policyName: "x",
      policyDocument: allow("s3:*"),
    });
    const { invoke, announced } = sweepIn(world);
    const { transitions } = await invoke({}, aContext(900_000));
    const [broken, kept] = transitions;
    assert.ok(broken !== undefined && kept !== undefined);
    const sk = `TRANSITION#${broken.replace("#", "#00000")}`;
    const spoil = database.sqlite.prepare("UPDATE findings SET item = '{}' WHERE sk = ?");
    assert.equal(spoil.run(sk).changes, 1);
    world.clock.advance(3_600);
    const counted = async () => {
      const { mock: added } = mock.method(Metrics.prototype, "addMetric");
      try {
        await invoke({}, aContext(900_000));
        return added.calls.flatMap(({ arguments: [name, , count] }) =>
          name === "ForgedItems" ? [count] : [],
        );
      } finally {
        added.restore();
      }
    };
    assert.deepEqual(await counted(), [1]);
    assert.deepEqual(announced, [kept]);
    assert.deepEqual(await counted(), []);
  });

  it("names the roles that it has no time for, and returns before Lambda stops it", async () => {
    const result = await sweepIn(aWorld()).invoke({}, aContext(10_000));
    assert.deepEqual(result.inspected, 0);
    assert.deepEqual(result.left.toSorted(), [
      "AWSBatchServiceRole",
      "AWSServiceRoleForBatch",
      "ecsTaskExecutionRole",
    ]);
  });

  it("fails after it inspected the other roles where one ledger cannot be loaded", async () => {
    const world = aWorld();
    world.act(detach);
    const { findings } = world.ports;
    const load: typeof findings.load = async (role) => {
      if (role.name === "ecsTaskExecutionRole") throw new StoreUnavailableError("The item is spoilt.");
      return findings.load(role);
    };
    await assert.rejects(sweepIn(world, { findings: { ...findings, load } }).invoke({}, aContext(900_000)), {
      name: "SweepIncompleteError",
      message: /\n- role ecsTaskExecutionRole: The item is spoilt\.$/,
    });
    assert.deepEqual(
      (await world.findings()).map(({ role }) => role.name),
      ["AWSBatchServiceRole"],
    );
  });

  it("fails where the bus does not take a transition, so that Lambda tries again", async () => {
    const world = aWorld();
    world.act(detach);
    await sweepIn(world).invoke({}, aContext(900_000));
    world.clock.advance(3_600);
    const announcer: Announcer = {
      announce: async () => {
        throw new Error("The bus is not there.");
      },
    };
    await assert.rejects(sweepIn(world, { announcer }).invoke({}, aContext(900_000)), {
      name: "SweepIncompleteError",
      message: /The bus is not there/,
    });
  });

  it("throws a ConfigError that names each missing environment variable", async () => {
    await assert.rejects(handler({}, aContext()), {
      name: "ConfigError",
      message: /FINDINGS_TABLE.*CONTROL_TABLE.*CHANGES_QUEUE_URL.*BUS_NAME/s,
    });
  });
});
