/// <reference path="../../../.sst/platform/config.d.ts" />
import type { FunctionName } from "@drift-guard/core/config/environment";
import { alarmOnAge, alarmOnMissed } from "./delivery-alarms.ts";
import { type Foundation, lookupTimeoutSeconds } from "./foundation.ts";
import { alarmOnFailures } from "./function-alarms.ts";
import { createLambda } from "./lambda.ts";
import { functionRoleArn } from "./location.ts";
import {
  allowLedgerCommits,
  allowLedgerReads,
  allowPostponing,
  allowReceiving,
  allowSending,
} from "./permissions.ts";
import { allowSenders, consume } from "./queues.ts";

/** The functions that request lookups. */
const senders = ["detect", "sweep", "lookup"] as const satisfies readonly FunctionName[];

/**
 * Creates the function that searches CloudTrail's event history for authors and sessions. Trigger: the queue of lookups,
 * which only the guard's functions may send to.
 */
export function createLookup({ location, findings, changes, lookups, board }: Foundation): void {
  const looker = createLambda("Looker", location, {
    description:
      "Searches CloudTrail's event history for who caused a drift, and for sessions that it let in",
    timeoutSeconds: lookupTimeoutSeconds,
    environment: {
      FINDINGS_TABLE: findings.name,
      CHANGES_QUEUE_URL: changes.queue.url,
      LOOKUPS_QUEUE_URL: lookups.queue.url,
    },
    permissions: [
      // The call supports no narrower resource (Service Authorization Reference, "Actions, resources, and condition keys for
      // AWS CloudTrail").
      { actions: ["cloudtrail:LookupEvents"], resources: ["*"] },
      ...allowLedgerReads(findings),
      ...allowLedgerCommits(findings),
      ...allowSending(changes.queue),
      ...allowSending(lookups.queue),
      ...allowPostponing(lookups.queue),
    ],
    lambdaCalls: allowReceiving(lookups.queue),
  });
  allowSenders(
    lookups.name,
    lookups.queue,
    senders.map((name) => functionRoleArn(location, name)),
  );
  // Two at once, the fewest that Lambda allows, with one message each: each makes one call a second, and two are allowed
  // (docs/aws-facts.md, "Event history").
  consume(lookups, looker, { concurrency: 2, size: 1 });
  // Without a lookup, a finding lacks its author or its sessions, and is told all the same.
  alarmOnMissed("LookupsMissed", lookups.missed, { essential: false }, board);
  alarmOnAge(lookups, "Looker", { essential: false }, board);
  alarmOnFailures("lookup", {}, board);
}
