import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as z from "zod";
import { account } from "../builders.ts";
import { runCli } from "./process.ts";

const Template = z.object({
  Resources: z.object({
    Rule: z.object({
      Properties: z.object({
        EventPattern: z.unknown(),
        Targets: z.tuple([z.object({ Arn: z.string() }).loose()]),
      }),
    }),
    Forwarder: z.object({
      Properties: z.object({ Policies: z.tuple([z.object({ PolicyDocument: z.unknown() })]) }),
    }),
  }),
});

describe("template", () => {
  it("forwards custom actions on this guard's findings to its account's bus, and may do nothing else", async () => {
    const { code, stdout } = await runCli([
      "template",
      "--hub-forwarding",
      "--account",
      account,
      "--region",
      "eu-west-1",
    ]);
    assert.equal(code, 0);
    const { Rule, Forwarder } = Template.parse(JSON.parse(stdout)).Resources;
    const bus = `arn:aws:events:eu-west-1:${account}:event-bus/default`;
    assert.deepEqual(Rule.Properties.EventPattern, {
      source: ["aws.securityhub"],
      "detail-type": ["Security Hub Findings - Custom Action"],
      detail: {
        findings: {
          ProductArn: [`arn:aws:securityhub:eu-west-1:${account}:product/${account}/default`],
          GeneratorId: [{ prefix: "drift-guard/" }],
        },
      },
    });
    assert.equal(Rule.Properties.Targets[0].Arn, bus);
    assert.partialDeepStrictEqual(Forwarder.Properties.Policies[0].PolicyDocument, {
      Statement: [{ Effect: "Allow", Action: "events:PutEvents", Resource: bus }],
    });
  });

  it("refuses an account or a Region that is none", async () => {
    for (const args of [[], ["--account", "1"], ["--account", account, "--region", "mars"]]) {
      const { code, stderr } = await runCli(["template", "--hub-forwarding", ...args]);
      assert.equal(code, 2);
      assert.match(stderr, /--account|--region/);
    }
    assert.match((await runCli(["template", "--account", account])).stderr, /--hub-forwarding/);
  });
});
