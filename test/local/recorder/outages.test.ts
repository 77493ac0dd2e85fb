import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createDice, failThirdOfDeliveries, type Outage } from "@drift-guard/local/recorder/outages";
import { account } from "../../builders.ts";

const caller = (arn: string) => ({
  type: "AssumedRole" as const,
  principalId: "AROA:guard",
  arn: `arn:aws:sts::${account}:${arn}`,
  accountId: account,
  accessKeyId: "ASIA",
});
const notify = caller("assumed-role/notify/notify");
const callOf = (service: string, action: string) => ({
  service,
  action,
  region: "us-east-1",
  accessKeyId: "ASIA",
  parameters: {},
});

describe("the outage of deliveries", () => {
  it("fails a third of the calls that tell people and Security Hub, in every way", () => {
    const rule = failThirdOfDeliveries(createDice(7));
    const calls = [callOf("sns", "Publish"), callOf("securityhub", "BatchImportFindings")];
    const outages: Outage[] = [];
    for (let round = 0; round < 300; round += 1) {
      for (const call of calls) {
        const outage = rule(call, notify);
        if (outage) outages.push(outage);
      }
    }
    assert.ok(Math.abs(outages.length - 200) < 40, `${outages.length} of 600`);
    assert.deepEqual([...new Set(outages.map(({ kind }) => kind))].sort(), [
      "partial",
      "refused",
      "unanswered",
    ]);
  });

  it("lets every other call pass, and those of people", () => {
    const rule = failThirdOfDeliveries(() => 0);
    assert.equal(rule(callOf("sns", "Subscribe"), notify), undefined);
    assert.equal(rule(callOf("dynamodb", "PutItem"), notify), undefined);
    assert.equal(rule(callOf("sns", "Publish"), caller("root")), undefined);
    assert.equal(rule(callOf("sns", "Publish"), notify)?.kind, "refused");
  });
});
