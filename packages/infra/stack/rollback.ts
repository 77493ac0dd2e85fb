/// <reference path="../../../.sst/platform/config.d.ts" />
import type { Config } from "@drift-guard/core/config/config";
import { rollbackKinds } from "@drift-guard/core/model/transition";
import { alarmOnAge, alarmOnMissed } from "./delivery-alarms.ts";
import type { Foundation } from "./foundation.ts";
import { alarmOnFailures, alarmOnForgedItems } from "./function-alarms.ts";
import { comparingMemory, createLambda } from "./lambda.ts";
import { functionRoleArn, type GuardLocation, locateIn } from "./location.ts";
import {
  allowControlReads,
  allowLedgerCommits,
  allowLedgerReads,
  allowPostponing,
  allowReceiving,
  allowSending,
  type Permission,
} from "./permissions.ts";
import { createPolicy } from "./policies.ts";
import { consume, createChannel } from "./queues.ts";
import { generateRollbackPolicies, listRolledBackRoles } from "./rollback-permissions.ts";
import { feedTransitions } from "./rules.ts";

/** The deployed rollback function. */
export interface RollbackDeployment {
  /** ARN of the role that the function runs as. */
  readonly role: $util.Output<string>;
  /** Takes transitions from the bus, and requests of the guard's functions. */
  readonly queue: sst.aws.Queue;
}

/**
 * Creates the function that rolls drift back, the only writer of roles. Trigger: a queue that takes the transitions
 * from the guard's own bus that may need a rollback. Returns undefined, and creates nothing, where the owner asked for
 * rollback of no role.
 */
export function createRollback({
  config,
  location,
  findings,
  control,
  bus,
  board,
}: Foundation): RollbackDeployment | undefined {
  if (listRolledBackRoles(config).length === 0) return undefined;
  const channel = createChannel("Rollback", 120);
  const rollbacker = createLambda("Rollbacker", location, {
    description: "Rolls drift back where the owner asked for it: the only writer of roles",
    timeoutSeconds: 120,
    memory: comparingMemory,
    environment: {
      FINDINGS_TABLE: findings.name,
      CONTROL_TABLE: control.name,
      ROLLBACK_QUEUE_URL: channel.queue.url,
    },
    permissions: [
      ...allowLedgerReads(findings),
      ...allowLedgerCommits(findings),
      ...allowControlReads(control),
      ...allowControlWrites(control),
      ...allowSending(channel.queue),
      ...allowPostponing(channel.queue),
    ],
    policies: createRolePolicies(config, location),
    lambdaCalls: allowReceiving(channel.queue),
  });
  feedTransitions(channel, bus, location, {
    kinds: rollbackKinds,
    // A message of the guard's own functions is believed, so that nobody else may send one.
    senders: senders.map((name) => functionRoleArn(location, name)),
  });
  // Lambda polls a queue with at least two invocations at once (docs/aws-facts.md, "DynamoDB, SQS and Lambda"). With a
  // reserved concurrency of one, the second would be throttled until its message goes to the dead-letter queue. The
  // control record keeps two rollbacks of one role from overlapping.
  // One message each: a rollback may take all of the function's time, and the messages behind it would count as received.
  consume(channel, rollbacker, { concurrency: 2, size: 1 });
  alarmOnMissed("RollbackMissed", channel.missed, { essential: true }, board);
  alarmOnAge(channel, "Rollbacker", { essential: true }, board);
  alarmOnFailures("rollback", {}, board);
  alarmOnForgedItems("rollback", { essential: true }, board);
  return { role: rollbacker.nodes.role.arn, queue: channel.queue };
}

/** The functions that send messages of their own to rollback. */
const senders = ["detect", "sweep", "respond", "rollback"] as const;

/** Creates the managed policies that allow rollback to read and write roles. */
function createRolePolicies(config: Config, location: GuardLocation): readonly aws.iam.Policy[] {
  const generate = (account: string) =>
    generateRollbackPolicies({
      config,
      account,
      partition: location.partition,
      functionArn: locateIn(location, account).arnOfFunction("rollback"),
      ownPrefix: `${$app.name}-${$app.stage}-`,
    });
  // Every account id has 12 digits, so that the number of policies is known before the id is.
  return generate("0".repeat(12)).map((_, index) => {
    const policy = location.account.apply((account) => JSON.stringify(generate(account)[index]));
    return createPolicy(`RollbackPolicy${index + 1}`, "Lets drift-guard roll watched roles back", policy);
  });
}

/** Allows committing control records, and counting rollbacks that restore something. */
function allowControlWrites(control: sst.aws.Dynamo): Permission[] {
  return [
    {
      actions: ["dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:UpdateItem"],
      resources: [control.arn],
    },
  ];
}
