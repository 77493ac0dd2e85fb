/// <reference path="../../../.sst/platform/config.d.ts" />
import { partitionOf } from "./regions.ts";

/** The account, region and partition that the guard is deployed to. */
export interface GuardLocation {
  /** 12 digits. */
  readonly account: $util.Output<string>;
  /** Such as `us-east-1`. */
  readonly region: string;
  /** Such as `aws`. */
  readonly partition: string;
}

/** Locates a guard in this region of the account whose credentials deploy it. */
export function locateGuard(region: string): GuardLocation {
  return { account: aws.getCallerIdentityOutput().accountId, region, partition: partitionOf(region) };
}

/** Returns the ARN of the account's default event bus in the guard's region. */
export function defaultBusArn({ account, region, partition }: GuardLocation): $util.Output<string> {
  return $interpolate`arn:${partition}:events:${region}:${account}:event-bus/default`;
}
