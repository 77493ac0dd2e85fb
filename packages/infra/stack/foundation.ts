/// <reference path="../../../.sst/platform/config.d.ts" />
import type { Config } from "@drift-guard/core/config/config";
import type { Place } from "./place.ts";
import type { Channel } from "./queues.ts";

/** Everything that stands before any function: what is kept, and the ways between. */
export interface Ground {
  readonly config: Config;
  readonly place: Place;
  readonly findings: sst.aws.Dynamo;
  readonly control: sst.aws.Dynamo;
  readonly changes: Channel;
  readonly bus: sst.aws.Bus;
  readonly topic: sst.aws.SnsTopic;
}

/** What every function that inspects roles is told. */
export function describeGround({ findings, control, changes }: Ground, guardRole?: $util.Output<string>) {
  return {
    FINDINGS_TABLE: findings.name,
    CONTROL_TABLE: control.name,
    CHANGES_QUEUE_URL: changes.queue.url,
    ...(guardRole && { GUARD_ROLE_ARN: guardRole }),
  };
}
