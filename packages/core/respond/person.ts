import { parseArn } from "../model/arn.ts";

/** The caller that STS names for a signed request. */
export interface CallerIdentity {
  /** 12 digits. */
  readonly account: string;
  /** Such as `arn:aws:sts::123456789012:assumed-role/ops/anna`. */
  readonly arn: string;
  /** Such as `AROA…:anna`. */
  readonly userId: string;
}

/** Who answers. */
export interface Person {
  /** ARN of the user, of the root user, or of the session. */
  readonly arn: string;
  /** ARN of the user, of the root user, or of the session's role with its path: what `approvers` are compared with. */
  readonly principal: string;
  /** STS's user id; left out for the local user, whom no STS knows. */
  readonly userId?: string;
}

/** What a caller is: their own principal, or a session of a role, which has to be read for its path. */
export type CallerKind =
  | { readonly kind: "principal"; readonly arn: string }
  | { readonly kind: "session"; readonly role: string }
  | { readonly kind: "other" };

/**
 * Returns what kind of caller an ARN names. A federated user is "other": the user who made such a session chooses its name,
 * and CloudTrail names them in another way, so that nobody can tell whether the two are one person.
 */
export function readCaller(arn: string): CallerKind {
  const { service, resource = "" } = parseArn(arn) ?? {};
  if (service === "iam" && (resource === "root" || /^user\/./.test(resource)))
    return { kind: "principal", arn };
  const [, role] = /^assumed-role\/([^/]+)\/[^/]+$/.exec(resource) ?? [];
  return service === "sts" && role !== undefined ? { kind: "session", role } : { kind: "other" };
}
