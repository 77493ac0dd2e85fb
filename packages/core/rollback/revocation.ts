import { addSeconds, type Instant, instantOf, isBefore } from "../model/instant.ts";
import { inlinePart } from "../model/part.ts";
import type { PlannedStep, Step } from "../model/plan.ts";
import type { InlinePolicy, Role } from "../model/role.ts";
import { hasSameStatements } from "../policy-json.ts";
import { findExposureEnd, type KnownRole } from "./exposure.ts";

/** A policy that ends the sessions that a role had, as a rollback recorded it. */
export interface Revocation {
  readonly policyName: string;
  readonly document: string;
  /** When every session that it denies has ended. */
  readonly until: Instant;
}

// The console sets the time this far ahead too, since IAM takes a while to apply the policy
// (docs/aws-facts.md, "Sessions of a role").
const aheadSeconds = 30;

/**
 * Returns the policy, as JSON text, that denies everything to the sessions that were issued before a time, and half a minute
 * after it: `issuedBefore`. It has the form of the one that IAM's console writes (docs/aws-facts.md, "Sessions of a role").
 */
export function denyIssuedSessions(at: Instant): {
  readonly issuedBefore: Instant;
  readonly document: string;
} {
  const issuedBefore = addSeconds(at, aheadSeconds);
  const document = JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Deny",
        Action: ["*"],
        Resource: ["*"],
        Condition: { DateLessThan: { "aws:TokenIssueTime": issuedBefore } },
      },
    ],
  });
  return { issuedBefore, document };
}

/**
 * Returns the step that denies everything to the sessions of a role that were issued before now. `sessionSeconds` is the
 * longest that a session of the role may last.
 */
export function revokeSessions(
  role: Role,
  now: Instant,
  sessionSeconds: number,
): { readonly step: Extract<Step, { call: "iam:PutRolePolicy" }>; readonly until: Instant } {
  const { issuedBefore, document } = denyIssuedSessions(now);
  const policyName = nameRevocation(role, issuedBefore);
  return {
    step: {
      role: role.name,
      part: inlinePart(policyName),
      call: "iam:PutRolePolicy",
      policyName,
      document,
    },
    until: addSeconds(issuedBefore, sessionSeconds),
  };
}

// PutRolePolicy replaces a policy of the same name, which may hold somebody's Deny.
function nameRevocation({ inline }: Role, issuedBefore: Instant): string {
  const name = `DriftGuardRevokedSessions-${issuedBefore.replaceAll(/[^\dTZ]/g, "")}`;
  const isTaken = (candidate: string) =>
    inline.some((policy) => policy.name.toLowerCase() === candidate.toLowerCase());
  let candidate = name;
  for (let count = 2; isTaken(candidate); count += 1) candidate = `${name}-${count}`;
  return candidate;
}

/** What is known of a role's rollbacks, and of the sessions that strangers may have. */
export interface RevocationRecord {
  readonly rollbacks: readonly { readonly plan: { readonly steps: readonly PlannedStep[] } }[];
  readonly enrolment?: Pick<KnownRole, "exposure">;
}

// No session lasts more than 12 hours, and each revocation was planned for one at least.
const longestExtensionMs = 11 * 3_600_000;

/**
 * Returns the revocations that rollbacks of a role recorded, whether or not they were carried out. Where a stranger may have
 * a longer session than was known then, a revocation stands until that has ended: 12 hours at most.
 */
export function listRevocations({ rollbacks, enrolment }: RevocationRecord): readonly Revocation[] {
  const end = enrolment && findExposureEnd(enrolment);
  const extend = (until: Instant): Instant => {
    if (end === undefined || !isBefore(until, end)) return until;
    const last = instantOf(new Date(Date.parse(until) + longestExtensionMs));
    return isBefore(end, last) ? end : last;
  };
  return rollbacks.flatMap(({ plan }) =>
    plan.steps.flatMap((step) => {
      if (step.call !== "iam:PutRolePolicy" || step.revokesUntil === undefined) return [];
      const { policyName, document, revokesUntil } = step;
      return [{ policyName, document, until: extend(revokesUntil) }];
    }),
  );
}

/**
 * Returns the recorded revocation that an inline policy is; undefined if it is none. It is known by name and exact document
 * together: anyone may give a policy this name.
 */
export function findRevocation(
  { name, text }: InlinePolicy,
  revocations: readonly Revocation[],
): Revocation | undefined {
  return revocations.find(
    ({ policyName, document }) => policyName === name && hasSameStatements(document, text, "identity"),
  );
}

/** Returns the recorded revocations that a role has as inline policies. */
export function listStanding(
  { inline }: Pick<Role, "inline">,
  record: RevocationRecord,
): readonly Revocation[] {
  const revocations = listRevocations(record);
  return revocations.length === 0
    ? []
    : inline.flatMap((policy) => findRevocation(policy, revocations) ?? []);
}

/** Whether every session that a revocation denies has ended, so that it can be removed. */
export function hasEnded({ until }: Revocation, now: Instant): boolean {
  return !isBefore(now, until);
}
