import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { createAnnouncer } from "@drift-guard/aws/delivery/eventbridge";
import * as z from "zod";
import { aDrift, aFinding, aGrant, aTransition } from "../../builders.ts";
import { clientSettingsFor } from "../client-settings.ts";
import { type Call, json, type Responder, withResponder } from "../responder.ts";

const Entries = z.object({
  Entries: z.array(z.object({ Detail: z.string(), EventBusName: z.literal("guard") })),
});

const transitions = (count: number) =>
  Array.from({ length: count }, (_, index) => aTransition({ finding: aFinding({ id: `f${index}` }) }));

describe("The announcer", () => {
  const announce = (responder: Responder) =>
    createAnnouncer(new EventBridgeClient(clientSettingsFor(responder.endpoint)), "guard");
  const takeAll = ({ body }: Call) => {
    const { Entries: entries } = Entries.parse(JSON.parse(body));
    return json({ FailedEntryCount: 0, Entries: entries.map((_, index) => ({ EventId: `e${index}` })) });
  };

  it("sends ten transitions in a call", async () => {
    const sizes: number[] = [];
    const count = (call: Call) => {
      sizes.push(Entries.parse(JSON.parse(call.body)).Entries.length);
      return takeAll(call);
    };
    await withResponder(count, async (responder) => {
      await announce(responder).announce(transitions(23));
      await announce(responder).announce([]);
      assert.deepEqual(sizes, [10, 10, 3]);
    });
  });

  it("sends no field that a transition does not have", async () => {
    const details: string[] = [];
    const keep = (call: Call) => {
      details.push(...Entries.parse(JSON.parse(call.body)).Entries.map(({ Detail }) => Detail));
      return takeAll(call);
    };
    const finding = Object.assign(aFinding(), { undoneBy: "nobody" });
    await withResponder(keep, async (responder) => {
      await announce(responder).announce([aTransition({ finding })]);
      assert.deepEqual(
        details.map((detail) => JSON.parse(detail)),
        [JSON.parse(JSON.stringify(aTransition()))],
      );
    });
  });

  it("keeps each call within EventBridge's limit and drops no transition", async () => {
    const sent: string[] = [];
    const measure = (call: Call) => {
      const { Entries: entries } = Entries.parse(JSON.parse(call.body));
      assert.ok(entries.reduce((sum, { Detail }) => sum + Buffer.byteLength(Detail), 0) < 262_144);
      sent.push(...entries.map(({ Detail }) => z.object({ id: z.string() }).parse(JSON.parse(Detail)).id));
      return takeAll(call);
    };
    const large = transitions(5).map((transition, index) => {
      const grants = Array.from({ length: 1500 * index }, () => aGrant());
      return { ...transition, finding: { ...transition.finding, evidence: aDrift({ grants }) } };
    });
    await withResponder(measure, async (responder) => {
      await announce(responder).announce(large);
      assert.deepEqual(sent, ["f0#1", "f1#1", "f2#1", "f3#1", "f4#1"]);
    });
  });

  it("sends the other transitions, then names each one that was not accepted", async () => {
    let calls = 0;
    const refuseSecond = (call: Call) => {
      calls += 1;
      if (calls > 1) return takeAll(call);
      const Entries = Array.from({ length: 10 }, (_, index) =>
        index === 1 ? { ErrorCode: "InternalFailure", ErrorMessage: "It broke." } : { EventId: "e" },
      );
      return json({ FailedEntryCount: 1, Entries });
    };
    await withResponder(refuseSecond, async (responder) => {
      await assert.rejects(announce(responder).announce(transitions(12)), {
        name: "DeliveryError",
        message: /The bus guard did not accept 1 of 12 transitions: f1#1: InternalFailure It broke\./,
      });
      assert.equal(responder.calls.length, 2);
    });
  });

  it("fails if an answer lacks an entry", async () => {
    await withResponder(
      () => json({ FailedEntryCount: 0, Entries: [] }),
      async (responder) => {
        await assert.rejects(announce(responder).announce(transitions(1)), /f0#1: no answer/);
      },
    );
  });

  it("names the permission that it lacks", async () => {
    const denied = json({ __type: "AccessDeniedException", message: "guard is not authorized" }, 400);
    await withResponder(
      () => denied,
      async (responder) => {
        await assert.rejects(announce(responder).announce(transitions(1)), /f0#1: .*Allow events:PutEvents /);
      },
    );
  });
});
