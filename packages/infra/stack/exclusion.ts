/// <reference path="../../../.sst/platform/config.d.ts" />

/** Who may still make the calls that are denied to everybody else. */
interface Spared {
  /** ARNs of the rules or alarms for which an AWS service makes the call. */
  readonly sources?: readonly $util.Output<string>[];
  /** ARNs of roles. */
  readonly roles: readonly $util.Output<string>[];
}

/**
 * Returns a statement of a resource's policy that denies some calls on it to everybody else, administrators included. A call
 * by a service has no principal's ARN, and a call by a role no source: each lacks one key, and a negated operator then holds.
 */
export function denyOthers(
  sid: string,
  actions: string | readonly string[],
  resource: $util.Output<string>,
  { sources = [], roles }: Spared,
) {
  const spared = {
    ...(sources.length > 0 && { "aws:SourceArn": sources }),
    ...(roles.length > 0 && { "aws:PrincipalArn": roles }),
  };
  return {
    Sid: sid,
    Effect: "Deny",
    Principal: "*",
    Action: actions,
    Resource: resource,
    ...(Object.keys(spared).length > 0 && { Condition: { ArnNotEquals: spared } }),
  };
}
