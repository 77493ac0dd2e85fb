/// <reference path="../../../.sst/platform/config.d.ts" />

import { describeGround, type Ground } from "./foundation.ts";
import { comparingMemory, createLambda } from "./functions.ts";
import {
  announceOn,
  commitLedgers,
  findRoles,
  findUndelivered,
  followDeletions,
  markDelivered,
  readAccount,
  readAgents,
  readAnyRole,
  readBatch,
  readControl,
  readLedgers,
  readProfiles,
  readResources,
  receiveFrom,
  sendTo,
} from "./permissions.ts";
import { consume, createMissedQueue } from "./queues.ts";

/** The function that looks at the roles behind each change. */
export function createDetect(ground: Ground, guardRole?: $util.Output<string>): void {
  const { place, findings, control, changes } = ground;
  const detect = createLambda("Detect", {
    description:
      "Reads the roles that a change concerns, compares them with their references, records findings",
    timeoutSeconds: 60,
    memory: comparingMemory,
    environment: describeGround(ground, guardRole),
    permissions: [
      ...readAnyRole(place),
      ...findRoles(place),
      ...followDeletions(place),
      ...readBatch(),
      ...readResources(place),
      ...readLedgers(findings),
      ...commitLedgers(findings),
      ...readControl(control),
      ...receiveFrom(changes.queue),
      ...sendTo(changes.queue),
    ],
  });
  // IAM throttles an account's reads, and the limit cannot be raised.
  consume(changes, detect, 5);
}

/** The function that looks at every role now and then; gives the queue of the sweeps that failed. */
export function createSweep(ground: Ground, guardRole?: $util.Output<string>): sst.aws.Queue {
  const { config, place, findings, control, changes, bus } = ground;
  const missed = createMissedQueue("SweepMissed");
  const sweep = createLambda("Sweep", {
    description: "Finds what no event told, and tells again what no sink has marked",
    timeoutSeconds: 900,
    memory: comparingMemory,
    environment: { ...describeGround(ground, guardRole), BUS_NAME: bus.name },
    permissions: [
      ...readAccount(),
      ...readAnyRole(place),
      ...readProfiles(place),
      ...readBatch(),
      ...readResources(place),
      ...readAgents(place),
      ...readLedgers(findings),
      ...commitLedgers(findings),
      ...findUndelivered(findings),
      ...(config.securityHub ? markDelivered(findings) : []),
      ...readControl(control),
      ...sendTo(changes.queue),
      ...announceOn(bus),
      ...sendTo(missed),
    ],
    onFailure: missed,
  });
  new sst.aws.CronV2("Schedule", {
    schedule: config.sweepHours === 1 ? "rate(1 hour)" : `rate(${config.sweepHours} hours)`,
    retries: 2,
    dlq: missed.arn,
    function: sweep.arn,
  });
  return missed;
}
