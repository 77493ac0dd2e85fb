import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SecurityHubClient } from "@aws-sdk/client-securityhub";
import {
  createFindingImporter,
  FindingsRefusedError,
  importFindings,
} from "@drift-guard/aws/delivery/securityhub";
import { formatAsff } from "@drift-guard/formats/asff";
import * as z from "zod";
import { account, aFinding, anAnnouncement, aTransition } from "../../builders.ts";
import { clientSettingsFor } from "../client-settings.ts";
import { type Call, json, type Responder, withResponder } from "../responder.ts";

const Findings = z.object({ Findings: z.array(z.object({ Id: z.string() })) });

const transitions = (count: number) =>
  Array.from({ length: count }, (_, index) => aTransition({ finding: aFinding({ id: `f${index}` }) }));

describe("The import into Security Hub", () => {
  const place = { account, region: "us-east-1", partition: "aws" };
  const findings = (count: number) =>
    transitions(count).map((transition) => formatAsff(anAnnouncement(transition), place));
  const send = (responder: Responder, count: number) =>
    importFindings(new SecurityHubClient(clientSettingsFor(responder.endpoint)), findings(count));

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

  it("names each refused finding with the reason", async () => {
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

  const sendAsDeliveries = (responder: Responder, count: number) =>
    createFindingImporter(
      new SecurityHubClient(clientSettingsFor(responder.endpoint)),
      async ({ transition }) => formatAsff(anAnnouncement(transition), place),
    ).import(transitions(count).map((transition) => ({ transition, awaiting: ["securityhub"] })));
  const refuseOne = (id: string) =>
    json({
      FailedCount: 1,
      SuccessCount: 1,
      FailedFindings: [{ Id: id, ErrorCode: "InvalidInput", ErrorMessage: "Bad Types." }],
    });

  it("returns the refusals of a batch of deliveries by finding id", async () => {
    await withResponder(
      () => refuseOne(`drift-guard/${account}/f1`),
      async (responder) => {
        assert.deepEqual([...(await sendAsDeliveries(responder, 2))], [["f1", "InvalidInput Bad Types."]]);
      },
    );
  });

  it("fails as a whole if Security Hub refuses a finding that was not in the batch", async () => {
    await withResponder(
      () => refuseOne("drift-guard/elsewhere"),
      async (responder) => {
        await assert.rejects(sendAsDeliveries(responder, 2), { name: "DeliveryError" });
      },
    );
  });

  it("says what to do if Security Hub is not enabled", async () => {
    const off = json({ __type: "InvalidAccessException", Message: "not subscribed" }, 401);
    await withResponder(
      () => off,
      async (responder) => {
        await assert.rejects(send(responder, 1), { name: "DeliveryError", message: /Enable it, or set/ });
      },
    );
  });
});
