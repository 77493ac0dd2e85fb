import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { StepUnansweredError } from "@drift-guard/core/errors";
import { instantOf } from "@drift-guard/core/model/instant";
import { account } from "../../../builders.ts";
import { attach, detach, rogue, roleNamed } from "../../drift-calls.ts";
import { CrashError, guardRole, mallory, type WorldOptions } from "../../world.ts";
import {
  attackedWorld,
  isQuiet,
  isRestored,
  isThiefReported,
  key,
  later,
  own,
  put,
  stranger,
  trust,
} from "./stage.ts";

const pipeline = `arn:aws:iam::${account}:role/pipeline`;

/** Moves the times of events by some seconds. */
function shiftEvents(seconds: number): Required<Pick<WorldOptions, "disorder">> {
  const shift = (text: string) =>
    instantOf(new Date(Date.parse(text) + seconds * 1000)).replace(/\.\d+Z$/, "Z");
  return {
    disorder: (bodies) => bodies.map((body) => body.replace(/(?<="(?:eventTime|time)":")[^"]+/g, shift)),
  };
}

/** Which clock differs, and the world in which it differs by some seconds. */
const clocks: Readonly<Record<string, (seconds: number) => WorldOptions>> = {
  "CloudTrail's is slow": (seconds) => shiftEvents(-seconds),
  "CloudTrail's is fast": shiftEvents,
  "rollback's is slow": (seconds) => ({ rollbackAhead: -seconds }),
  "rollback's is fast": (seconds) => ({ rollbackAhead: seconds }),
};
// AWS takes no request whose signed time is further from its own (docs/aws-facts.md, "Signed requests to STS"). What is not
// judged by that time bears more.
const signed = 290;

for (const [which, differing] of Object.entries(clocks)) {
  const options = differing(600);
  describe(`Among clocks of which ${which}, a rollback`, () => {
    it("undoes drift at once, and each return of it within the time in which reads settle", async () => {
      const world = attackedWorld({}, options);
      world.act(rogue);
      for (let round = 0; round < 3; round += 1) {
        world.act(detach);
        await world.settle(round === 0 ? 1 : 200);
        assert.equal(await isRestored(world), true, `round ${round}`);
      }
      assert.deepEqual((await roleNamed(world, key.name)).inline, []);
      await world.settle();
      assert.equal(isThiefReported(world), false);
      assert.ok((await world.findings()).every(({ state }) => state === "resolved"));
      assert.equal(await isQuiet(world), true);
    });

    it("whose answer was lost is no theft", async () => {
      let calls = 0;
      const world = attackedWorld(
        {},
        {
          ...differing(signed),
          writer: (door) => ({
            apply: async (...call) => {
              const receipt = await door.apply(...call);
              calls += 1;
              if (calls === 1) throw new StepUnansweredError("The connection was closed.");
              return receipt;
            },
          }),
        },
      );
      world.act(detach);
      await world.settle();
      assert.deepEqual(
        [await isRestored(world), isThiefReported(world), await isQuiet(world)],
        [true, false, true],
      );
    });

    it("that was cut off continues", async () => {
      let calls = 0;
      const world = attackedWorld(
        {},
        {
          ...options,
          writer: (door) => ({
            apply: (...call) => {
              calls += 1;
              if (calls === 1) throw new CrashError();
              return door.apply(...call);
            },
          }),
        },
      );
      world.act(detach);
      await world.settle(1800);
      assert.deepEqual([await isRestored(world), await isQuiet(world)], [true, true]);
    });

    it("spares what a trusted actor did, and not what another did after that", async () => {
      const world = attackedWorld({ trustedActors: [pipeline] }, options);
      world.act(detach, { kind: "session", role: pipeline, session: "run-1" });
      await world.settle(900);
      assert.equal(await isRestored(world), false);
      world.act(attach);
      await world.settle(60);
      world.act(detach, mallory);
      await world.settle(900);
      assert.equal(await isRestored(world), true);
    });

    it("waits for the sessions of a stranger who was let in", async () => {
      const world = attackedWorld({ rollback: { sessions: "wait" } }, options);
      world.act(trust(own, stranger));
      world.act(trust(own));
      await world.settle(1);
      world.act(detach);
      await world.settle(1800);
      assert.equal(await isRestored(world), false);
      await world.settle(3 * 3600);
      assert.equal(await isRestored(world), true);
    });

    it("waits for the end of a pause", async () => {
      const world = attackedWorld({}, options);
      const by = `arn:aws:iam::${account}:user/on-call`;
      const pause = { scope: "role", by, at: later(world, 0), until: later(world, 60), reason: "x" } as const;
      await world.control.decide(key, { kind: "pause", pause });
      world.act(detach);
      await world.settle(1800);
      assert.equal(await isRestored(world), false);
      await world.settle(3600);
      assert.equal(await isRestored(world), true);
    });

    it("leaves no thief unreported", async () => {
      const world = attackedWorld({}, options);
      world.act(put("x", { Effect: "Allow", Action: "*", Resource: "*" }), {
        kind: "session",
        role: guardRole,
        session: "rollback",
      });
      await world.settle();
      assert.equal(isThiefReported(world), true);
    });
  });
}
