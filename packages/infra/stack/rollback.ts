/// <reference path="../../../.sst/platform/config.d.ts" />
import type { Config, GuardedRole } from "@drift-guard/core/config/config";
import { isNamePattern } from "@drift-guard/core/config/name-pattern";
import { rollbackKinds } from "@drift-guard/core/model/transition";
import { findReference, localiseReference } from "@drift-guard/core/reference/built-in";
import { alarmWhenNotEmpty } from "./alarms.ts";
import type { Foundation } from "./foundation.ts";
import { comparingMemory, createLambda } from "./lambda.ts";
import type { GuardLocation } from "./location.ts";
import {
  allowControlReads,
  allowLedgerCommits,
  allowLedgerReads,
  allowReceiving,
  allowRoleReads,
  iamArn,
  type Permission,
} from "./permissions.ts";
import { consume, createChannel } from "./queues.ts";
import { feedTransitions } from "./rules.ts";

/** The deployed rollback function. */
export interface RollbackDeployment {
  /** ARN of the role that the function runs as. */
  readonly role: $util.Output<string>;
  /** Alarm on messages that the function could not process. */
  readonly alarm: aws.cloudwatch.MetricAlarm;
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
  topic,
}: Foundation): RollbackDeployment | undefined {
  if (listRolledBackRoles(config).length === 0) return undefined;
  const channel = createChannel("Rollback", 120);
  const rollbacker = createLambda("Rollbacker", {
    description: "Rolls drift back where the owner asked for it: the only writer of roles",
    timeoutSeconds: 120,
    memory: comparingMemory,
    environment: { FINDINGS_TABLE: findings.name, CONTROL_TABLE: control.name },
    permissions: [
      ...allowConfiguredRoleReads(config, location),
      ...allowRoleWrites(config, location),
      ...allowLedgerReads(findings),
      ...allowLedgerCommits(findings),
      ...allowControlReads(control),
      ...allowControlWrites(control),
      ...allowReceiving(channel.queue),
    ],
  });
  feedTransitions(channel, bus, location, rollbackKinds);
  // Lambda polls a queue with at least two invocations at once (docs/aws-facts.md, "DynamoDB, SQS and Lambda"). With a
  // reserved concurrency of one, the second would be throttled until its message goes to the dead-letter queue. The
  // ledger keeps two rollbacks of one role from overlapping.
  consume(channel, rollbacker, 2);
  return {
    role: rollbacker.nodes.role.arn,
    alarm: alarmWhenNotEmpty("RollbackMissed", channel.missed, topic),
  };
}

/** The roles that the owner lets the guard roll back on either side. Service-linked roles are never among them. */
function listRolledBackRoles(config: Config): [string, GuardedRole][] {
  return Object.entries(config.roles).filter(
    ([name, { rollback, reference }]) =>
      !isNamePattern(name) &&
      (rollback.excess !== "off" || rollback.missing !== "off") &&
      findReference(reference ?? name, config.references)?.serviceLinked === undefined,
  );
}

/** Allows reading the configured roles, at any path. */
function allowConfiguredRoleReads(config: Config, location: GuardLocation): Permission[] {
  // The roles of a pattern are never written, and `*` in an ARN would let the function read them.
  const names = Object.keys(config.roles).filter((name) => !isNamePattern(name));
  const arns = names.flatMap((name) => [
    iamArn(location, `role/${name}`),
    iamArn(location, `role/*/${name}`),
  ]);
  return allowRoleReads(arns, location);
}

/**
 * Allows the calls that a rollback plan holds, on the roles that the owner lets the guard roll back, at the configured
 * paths only. Only the policies of a role's reference may be attached to it.
 */
function allowRoleWrites(config: Config, location: GuardLocation): Permission[] {
  const arns = (name: string, { paths }: GuardedRole) =>
    paths
      .filter((path) => !path.startsWith("/aws-service-role/"))
      .map((path) => iamArn(location, `role${path}${name}`));
  return listRolledBackRoles(config).flatMap(([name, role]): Permission[] => {
    const resources = arns(name, role);
    if (resources.length === 0) return [];
    const reference = findReference(role.reference ?? name, config.references);
    const attachments = reference ? localiseReference(reference, location.partition).attachments : [];
    return [
      { actions: ["iam:UpdateAssumeRolePolicy"], resources },
      ...(role.rollback.excess === "off"
        ? []
        : [{ actions: ["iam:DetachRolePolicy", "iam:DeleteRolePolicy"], resources }]),
      ...(role.rollback.missing === "off" || attachments.length === 0
        ? []
        : [
            {
              actions: ["iam:AttachRolePolicy"],
              resources,
              conditions: [
                {
                  test: "ArnEquals",
                  variable: "iam:PolicyARN",
                  values: attachments.map(({ arn }) => arn),
                },
              ],
            },
          ]),
    ];
  });
}

/** Allows spending rollback budgets and opening breakers. */
function allowControlWrites(control: sst.aws.Dynamo): Permission[] {
  return [{ actions: ["dynamodb:PutItem", "dynamodb:UpdateItem"], resources: [control.arn] }];
}
