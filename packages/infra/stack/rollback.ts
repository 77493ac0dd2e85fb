/// <reference path="../../../.sst/platform/config.d.ts" />
import { rollbackKinds } from "@drift-guard/core/model/transition";
import { describeGround, type Ground } from "./foundation.ts";
import { comparingMemory, createLambda } from "./functions.ts";
import {
  commitLedgers,
  readControl,
  readLedgers,
  readRoles,
  receiveFrom,
  rolledBackRoles,
  writeControl,
  writeRoles,
} from "./permissions.ts";
import { type Channel, consume, createChannel } from "./queues.ts";
import { feedTransitions } from "./rules.ts";

/** The rollback function's channel, and the ARN of its role. */
export interface RollbackDeployed {
  readonly channel: Channel;
  readonly role: $util.Output<string>;
}

/** The only writer of roles, where the owner asked for rollback of any. */
export function createRollback(ground: Ground): RollbackDeployed | undefined {
  const { config, place, findings, control, bus } = ground;
  if (rolledBackRoles(config).length === 0) return undefined;
  const channel = createChannel("Rollback", 120);
  const rollbacker = createLambda("Rollbacker", {
    description: "Puts a role back where its owner asked for that: the only writer of roles",
    timeoutSeconds: 120,
    memory: comparingMemory,
    environment: describeGround(ground),
    permissions: [
      ...readRoles(config, place),
      ...writeRoles(config, place),
      ...readLedgers(findings),
      ...commitLedgers(findings),
      ...readControl(control),
      ...writeControl(control),
      ...receiveFrom(channel.queue),
    ],
  });
  feedTransitions(channel, bus, place, rollbackKinds);
  // Two is the fewest that SQS polls with. A reserved one would throttle the second until its message is given up;
  // that two rollbacks of one role do not overlap is the ledger's to hold.
  consume(channel, rollbacker, 2);
  return { channel, role: rollbacker.nodes.role.arn };
}
