/// <reference path="../../../.sst/platform/config.d.ts" />
import { partitionOf } from "./regions.ts";

/** The account and region that the guard is deployed in. */
export interface Place {
  readonly account: $util.Output<string>;
  readonly region: string;
  readonly partition: string;
}

/** The place of a guard in this region, in the account whose credentials deploy it. */
export function placeIn(region: string): Place {
  return { account: aws.getCallerIdentityOutput().accountId, region, partition: partitionOf(region) };
}

/** The account's default event bus in the guard's region. */
export function defaultBusOf({ account, region, partition }: Place): $util.Output<string> {
  return $interpolate`arn:${partition}:events:${region}:${account}:event-bus/default`;
}
