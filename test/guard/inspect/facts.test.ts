import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Need } from "@drift-guard/core/batch/role-use";
import { createVirtualClock } from "@drift-guard/embedded/clock";
import { readFacts } from "@drift-guard/guard/inspect/facts";
import { account, aDefinitionUse } from "../../builders.ts";

const needOf = (number: number, region = "us-east-1"): Need => ({
  action: "secretsmanager:GetSecretValue",
  resource: `arn:aws:secretsmanager:${region}:${account}:secret:s${number}-AbCdEf`,
  what: "secret",
  at: `containerProperties.secrets[${number}].valueFrom`,
});
const key = `arn:aws:kms:us-east-1:${account}:key/1`;

/** Reads the facts of needs. Returns the reading, each looked-up ARN, and how many lookups ran at once at most. */
async function read(needs: readonly Need[], lookupMs = 0) {
  const asked: string[] = [];
  const clock = createVirtualClock("2026-01-01T00:00:00Z");
  let running = 0;
  let atOnce = 0;
  const resources = {
    async facts(arn: string) {
      asked.push(arn);
      running += 1;
      atOnce = Math.max(atOnce, running);
      await Promise.resolve();
      clock.advanceTo(new Date(clock.now().getTime() + lookupMs));
      running -= 1;
      return { policy: null, key: arn === key ? null : key };
    },
  };
  // Two definitions with the same needs: each resource is looked up once.
  const uses = [aDefinitionUse({ needs }), aDefinitionUse({ name: "other", needs })];
  const reading = await readFacts(uses, { resources, now: () => clock.now() });
  return { ...reading, asked, atOnce };
}

describe("Lookups for the needs of a role", () => {
  it("read each resource and key once, several at once", async () => {
    const { facts, omitted, asked, atOnce } = await read(Array.from({ length: 40 }, (_, at) => needOf(at)));
    assert.equal(omitted, undefined);
    assert.equal(facts.size, 41);
    assert.equal(asked.length, 41);
    assert.ok(atOnce > 1 && atOnce <= 10, `${atOnce} at once`);
  });

  it("are bounded in number, and the number of the others is said", async () => {
    const { asked, omitted } = await read(Array.from({ length: 500 }, (_, at) => needOf(at)));
    assert.equal(asked.length, 300);
    assert.match(omitted?.reasons.join() ?? "", /^201 secrets, parameters and keys .* not looked up/);
  });

  it("end after ten seconds, and the number of the others is said", async () => {
    const { asked, omitted } = await read(
      Array.from({ length: 100 }, (_, at) => needOf(at)),
      1_000,
    );
    assert.ok(asked.length <= 20, `${asked.length} lookups`);
    assert.match(omitted?.reasons.join() ?? "", /not looked up/);
  });

  it("go to no region that does not exist, and say so", async () => {
    const { asked, omitted } = await read([needOf(1), needOf(2, "xx-nowhere-1")]);
    assert.deepEqual(asked, [needOf(1).resource, key]);
    assert.match(omitted?.reasons.join() ?? "", /^1 secrets and parameters .* such as xx-nowhere-1\.$/);
  });
});
