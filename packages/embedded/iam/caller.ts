import { lastSegment, parseArn } from "@drift-guard/core/model/arn";
import { findRole, type IamState } from "./state.ts";

/** Where a call comes from. */
interface CallOrigin {
  readonly sourceIp?: string;
  readonly userAgent?: string;
  /** The service that makes the call for the caller, such as `batch.amazonaws.com`. */
  readonly via?: string;
}

/** The identity that makes a call, and where the call comes from. */
export type ApiCaller = CallOrigin &
  (
    | { readonly kind: "user"; readonly name: string }
    /** A session of a role; `role` is the role's ARN. */
    | { readonly kind: "session"; readonly role: string; readonly session: string }
    | { readonly kind: "root" }
    /** A service that calls for itself, without a user. */
    | { readonly kind: "service"; readonly service: string }
  );

/** Returns what a caller's sessions have in common: the ARN of the user or role, or the service's name. */
export function identityOf(state: IamState, caller: ApiCaller): string {
  switch (caller.kind) {
    case "session":
      return caller.role;
    case "service":
      return caller.service;
    default:
      return callerArn(state, caller);
  }
}

/** Returns the ARN of the caller as IAM's messages and CloudTrail print it, or a service's name: services have no ARN. */
export function callerArn(state: IamState, caller: ApiCaller): string {
  const { partition, account } = state;
  switch (caller.kind) {
    case "user":
      return `arn:${partition}:iam::${account}:user/${caller.name}`;
    case "session":
      return `arn:${partition}:sts::${accountOf(caller.role)}:assumed-role/${nameOf(caller.role)}/${caller.session}`;
    case "root":
      return `arn:${partition}:iam::${account}:root`;
    case "service":
      return caller.service;
  }
}

/** Describes the caller as CloudTrail's `userIdentity` (docs/aws-facts.md, "CloudTrail records"). */
export function describeUserIdentity(state: IamState, caller: ApiCaller): Readonly<Record<string, unknown>> {
  const { account } = state;
  const arn = callerArn(state, caller);
  const via = caller.via === undefined ? {} : { invokedBy: caller.via };
  switch (caller.kind) {
    case "user":
      return {
        type: "IAMUser",
        principalId: principalId(state, arn, "AIDA"),
        arn,
        accountId: account,
        userName: caller.name,
        ...via,
      };
    case "session": {
      const id = findRole(state, nameOf(caller.role))?.id ?? principalId(state, caller.role, "AROA");
      const issuerAccount = accountOf(caller.role);
      return {
        type: "AssumedRole",
        principalId: `${id}:${caller.session}`,
        arn,
        accountId: issuerAccount,
        sessionContext: {
          sessionIssuer: {
            type: "Role",
            principalId: id,
            arn: caller.role,
            accountId: issuerAccount,
            userName: nameOf(caller.role),
          },
          attributes: { creationDate: formatEventTime(state.clock.now()), mfaAuthenticated: "false" },
        },
        ...via,
      };
    }
    case "root":
      return { type: "Root", principalId: account, arn, accountId: account, ...via };
    case "service":
      return { type: "AWSService", invokedBy: caller.service };
  }
}

/** Formats a time as CloudTrail does: ISO 8601 without fractions of a second. */
export function formatEventTime(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, "Z");
}

function principalId(state: IamState, arn: string, prefix: "AIDA" | "AROA"): string {
  const known = state.callers.get(arn);
  if (known) return known;
  const id = state.ids.entity(prefix);
  state.callers.set(arn, id);
  return id;
}

function accountOf(roleArn: string): string {
  return parseArn(roleArn)?.account ?? "";
}

function nameOf(roleArn: string): string {
  return lastSegment(roleArn);
}
