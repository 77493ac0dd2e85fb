/// <reference path="../../../.sst/platform/config.d.ts" />
import { type Deployment, locateDeployment } from "@drift-guard/core/config/deployment";
import type { FunctionName } from "@drift-guard/core/config/environment";
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

/** Returns the names and ARNs of this deployment, in an account of which the id is known. */
export function locateIn({ region, partition }: GuardLocation, account: string): Deployment {
  return locateDeployment({ stage: $app.stage, region, account, partition });
}

/**
 * Returns the ARN of a function, which may not exist yet: a role's policy names the function, and the function names its
 * role.
 */
export function functionArn(location: GuardLocation, name: FunctionName): $util.Output<string> {
  return location.account.apply((account) => locateIn(location, account).arnOfFunction(name));
}

/** Returns the ARN of the role of a function, which may not exist yet. */
export function functionRoleArn(location: GuardLocation, name: FunctionName): $util.Output<string> {
  return location.account.apply((account) => locateIn(location, account).arnOfFunctionRole(name));
}

/** Returns the ARN of the account's default event bus in the guard's region. */
export function defaultBusArn({ account, region, partition }: GuardLocation): $util.Output<string> {
  return $interpolate`arn:${partition}:events:${region}:${account}:event-bus/default`;
}
