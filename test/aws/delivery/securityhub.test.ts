import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SecurityHubClient } from "@aws-sdk/client-securityhub";
import { createHubWorkflows } from "@drift-guard/aws/delivery/hub-workflows";
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

  it("imports the others if Security Hub rejects a whole call as invalid", async () => {
    const imported: string[] = [];
    const rejectOne = ({ body }: Call) => {
      const ids = Findings.parse(JSON.parse(body)).Findings.map(({ Id }) => Id);
      if (ids.includes(`drift-guard/${account}/f2`))
        return json({ __type: "InvalidInputException", Message: "Findings[2] is bad." }, 400);
      imported.push(...ids);
      return json({ FailedCount: 0, SuccessCount: ids.length, FailedFindings: [] });
    };
    await withResponder(rejectOne, async (responder) => {
      await assert.rejects(send(responder, 5), {
        refused: [{ id: `drift-guard/${account}/f2`, why: "Findings[2] is bad." }],
      });
      assert.equal(imported.length, 4);
    });
  });

  it("retries a call that is throttled", async () => {
    let calls = 0;
    const throttle = () => {
      calls += 1;
      return calls === 1
        ? json({ __type: "TooManyRequestsException", Message: "Rate exceeded" }, 429)
        : json({ FailedCount: 0, SuccessCount: 1, FailedFindings: [] });
    };
    await withResponder(throttle, async (responder) => {
      const settings = { ...clientSettingsFor(responder.endpoint), maxAttempts: 2 };
      await importFindings(new SecurityHubClient(settings), findings(1));
      assert.equal(calls, 2);
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
        await assert.rejects(send(responder, 1), {
          name: "HubDisabledError",
          message: /Enable it, or set/,
        });
      },
    );
  });
});

describe("The workflows of findings in Security Hub", () => {
  const place = { account, region: "us-east-1", partition: "aws" };
  const ProductArn = `arn:aws:securityhub:us-east-1:${account}:product/${account}/default`;
  const workflowsAt = (responder: Responder) =>
    createHubWorkflows(new SecurityHubClient(clientSettingsFor(responder.endpoint)), place);
  const hubId = (id: string) => `drift-guard/${account}/${id}`;

  it("are read twenty at a time, of the guard's own product", async () => {
    const asked: number[] = [];
    const answer = ({ body }: Call) => {
      const { Filters } = z
        .object({
          Filters: z.object({
            ProductArn: z.tuple([z.object({ Value: z.literal(ProductArn) })]),
            Id: z.array(z.object({ Value: z.string(), Comparison: z.literal("EQUALS") })),
          }),
        })
        .parse(JSON.parse(body));
      asked.push(Filters.Id.length);
      const findings = Filters.Id.map(({ Value }) => ({ Id: Value, Workflow: { Status: "RESOLVED" } }));
      return json({ Findings: [...findings.slice(1), { Id: "other", Workflow: { Status: "NEW" } }] });
    };
    await withResponder(answer, async (responder) => {
      const ids = Array.from({ length: 25 }, (_, index) => `f${index}`);
      const workflows = await workflowsAt(responder).read(ids);
      assert.deepEqual(asked, [20, 5]);
      assert.equal(workflows.size, 23);
      assert.equal(workflows.get("f1"), "RESOLVED");
    });
  });

  it("are set to NEW, and nothing else of the finding is", async () => {
    const bodies: unknown[] = [];
    const answer = ({ body }: Call) => {
      bodies.push(JSON.parse(body));
      return json({
        ProcessedFindings: [],
        UnprocessedFindings: [
          {
            FindingIdentifier: { Id: hubId("b"), ProductArn },
            ErrorCode: "ConcurrentUpdateError",
            ErrorMessage: "Concurrent finding updates detected",
          },
        ],
      });
    };
    await withResponder(answer, async (responder) => {
      assert.deepEqual(
        [...(await workflowsAt(responder).renew(["a", "b"]))],
        [["b", "ConcurrentUpdateError Concurrent finding updates detected"]],
      );
      const FindingIdentifiers = ["a", "b"].map((id) => ({ Id: hubId(id), ProductArn }));
      assert.deepEqual(bodies, [{ FindingIdentifiers, Workflow: { Status: "NEW" } }]);
    });
  });
});
