import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { SecurityHubClient } from "@aws-sdk/client-securityhub";
import { createAnnouncer } from "@drift-guard/aws/delivery/eventbridge";
import { FindingsRefusedError, importFindings } from "@drift-guard/aws/delivery/securityhub";
import { formatAsff } from "@drift-guard/formats/asff";
import * as z from "zod";
import { account, aDrift, aFinding, aGrant, aTransition } from "../builders.ts";
import { type Answer, type Call, json, type Responder, startResponder } from "./responder.ts";
import { emulatedBy } from "./tables.ts";

const Entries = z.object({
  Entries: z.array(z.object({ Detail: z.string(), EventBusName: z.literal("guard") })),
});
const Findings = z.object({ Findings: z.array(z.object({ Id: z.string() })) });

const transitions = (count: number) =>
  Array.from({ length: count }, (_, index) => aTransition({ finding: aFinding({ id: `f${index}` }) }));

describe("The announcer", () => {
  const announce = (responder: Responder) =>
    createAnnouncer(new EventBridgeClient(emulatedBy(responder.endpoint)), "guard");
  const takeAll = ({ body }: Call) => {
    const { Entries: entries } = Entries.parse(JSON.parse(body));
    return json({ FailedEntryCount: 0, Entries: entries.map((_, index) => ({ EventId: `e${index}` })) });
  };

  it("tells ten transitions in a call", async () => {
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

  it("keeps each call within what EventBridge takes, and drops nothing of what is too large", async () => {
    const told: string[] = [];
    const measure = (call: Call) => {
      const { Entries: entries } = Entries.parse(JSON.parse(call.body));
      assert.ok(entries.reduce((sum, { Detail }) => sum + Buffer.byteLength(Detail), 0) < 262_144);
      told.push(...entries.map(({ Detail }) => z.object({ id: z.string() }).parse(JSON.parse(Detail)).id));
      return takeAll(call);
    };
    const large = transitions(5).map((transition, index) => {
      const grants = Array.from({ length: 1500 * index }, () => aGrant());
      return { ...transition, finding: { ...transition.finding, evidence: aDrift({ grants }) } };
    });
    await withResponder(measure, async (responder) => {
      await announce(responder).announce(large);
      assert.deepEqual(told, ["f0#1", "f1#1", "f2#1", "f3#1", "f4#1"]);
    });
  });

  it("names each transition that was not taken, after it has told the others", async () => {
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
        message: /The bus guard did not take 1 of 12 transitions: f1#1: InternalFailure It broke\./,
      });
      assert.equal(responder.calls.length, 2);
    });
  });

  it("takes an answer that does not speak of every entry for a failure", async () => {
    await withResponder(
      () => json({ FailedEntryCount: 0, Entries: [] }),
      async (responder) => {
        await assert.rejects(announce(responder).announce(transitions(1)), /f0#1: no answer/);
      },
    );
  });

  it("says what it may not do", async () => {
    const denied = json({ __type: "AccessDeniedException", message: "guard is not authorized" }, 400);
    await withResponder(
      () => denied,
      async (responder) => {
        await assert.rejects(announce(responder).announce(transitions(1)), /f0#1: .*Allow events:PutEvents /);
      },
    );
  });
});

describe("The import into Security Hub", () => {
  const place = { account, region: "us-east-1", partition: "aws" };
  const findings = (count: number) => transitions(count).map((transition) => formatAsff(transition, place));
  const send = (responder: Responder, count: number) =>
    importFindings(new SecurityHubClient(emulatedBy(responder.endpoint)), findings(count));

  it("imports a hundred findings in a call", async () => {
    const sizes: number[] = [];
    const take = ({ body }: Call) => {
      const { length } = Findings.parse(JSON.parse(body)).Findings;
      sizes.push(length);
      return json({ FailedCount: 0, SuccessCount: length, FailedFindings: [] });
    };
    await withResponder(take, async (responder) => {
      await send(responder, 130);
      await send(responder, 0);
      assert.deepEqual(sizes, [100, 30]);
    });
  });

  it("names each finding that was refused, and why", async () => {
    const refuse = ({ body }: Call) => {
      const [first] = Findings.parse(JSON.parse(body)).Findings;
      return json({
        FailedCount: 1,
        SuccessCount: 1,
        FailedFindings: [{ Id: first?.Id, ErrorCode: "InvalidInput", ErrorMessage: "Bad Types." }],
      });
    };
    await withResponder(refuse, async (responder) => {
      await assert.rejects(send(responder, 2), (error) => {
        assert.ok(error instanceof FindingsRefusedError);
        assert.deepEqual(error.refused, [
          { id: `drift-guard/${account}/f0`, why: "InvalidInput Bad Types." },
        ]);
        assert.match(error.message, /1 of 2 findings: drift-guard\/123456789012\/f0: InvalidInput/);
        return true;
      });
    });
  });

  it("says what to do where Security Hub is not enabled", async () => {
    const off = json({ __type: "InvalidAccessException", Message: "not subscribed" }, 401);
    await withResponder(
      () => off,
      async (responder) => {
        await assert.rejects(send(responder, 1), { name: "DeliveryError", message: /Enable it, or set/ });
      },
    );
  });
});

async function withResponder(
  answer: (call: Call) => Answer,
  work: (responder: Responder) => Promise<void>,
): Promise<void> {
  const responder = await startResponder(answer);
  try {
    await work(responder);
  } finally {
    await responder.close();
  }
}
