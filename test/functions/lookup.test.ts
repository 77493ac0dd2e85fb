import "./quiet.ts";
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { TrailUnreadableError } from "@drift-guard/core/errors";
import { emptyLedger } from "@drift-guard/core/model/ledger";
import { nameChange } from "@drift-guard/core/store/kept-changes";
import type { LookupPorts } from "@drift-guard/guard/ports";
import { createHandler } from "../../functions/lookup.ts";
import { account, aFinding, noon } from "../builders.ts";
import { guardingAll } from "../core/watched-roles.ts";
import { aContext, queueEvent } from "./invocations.ts";

/** The handler over a ledger with one drift of an unknown author, and a history that cannot be read. */
function aHandler() {
  const { causedBy: _, ...finding } = aFinding();
  const ports: LookupPorts = {
    findings: {
      load: async (role) => ({ ...emptyLedger(role), version: 1, findings: [finding] }),
      commit: async ({ after }) => after,
    },
    changes: { keep: async (_, change) => nameChange(change) },
    rechecks: { schedule: async () => {} },
    lookups: { send: async () => {} },
    trail: {
      // biome-ignore lint/correctness/useYield: it fails before its first page
      async *pages() {
        throw new TrailUnreadableError("CloudTrail cannot be read.");
      },
    },
    now: () => new Date(noon),
  };
  return createHandler(() => ({ ports, settings: { config: guardingAll, account, partition: "aws" } }));
}

describe("lookup", () => {
  it("returns a message to the queue if CloudTrail cannot be read, or if the message is no request", async () => {
    const request = JSON.stringify({ lookup: "AWSBatchServiceRole", began: noon });
    const forged = JSON.stringify({ lookup: "a/b", began: noon });
    const answer = await aHandler()(queueEvent(request, "no JSON", forged), aContext());
    assert.equal(answer.batchItemFailures.length, 3);
  });
});
