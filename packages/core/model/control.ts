import * as z from "zod";
import { Actor } from "./actor.ts";
import { Approval } from "./approval.ts";
import { Change } from "./change.ts";
import { Exception } from "./exception.ts";
import { Instant, millisecondsBetween } from "./instant.ts";
import { jsonBytes, takeBytes } from "./json-size.ts";
import { ObservingPhase } from "./observing.ts";
import { RoleKey } from "./role.ts";
import { listEffective, Rollback } from "./rollback.ts";

/** A person's decision that nothing is rolled back until a time, in the whole account or for one role. */
export const Pause = z
  .object({
    scope: z.enum(["account", "role"]),
    /** ARN of the principal who made it. */
    by: z.string(),
    /** STS's user id of that principal. */
    userId: z.string().exactOptional(),
    at: Instant,
    /** When rollbacks go on. Resuming sets it to the time of that decision. */
    until: Instant,
    reason: z.string(),
  })
  .readonly();
export type Pause = z.infer<typeof Pause>;

/** A person's decision that the attempts on a finding are counted anew. */
export const Reset = z
  .object({ findingId: z.string(), by: z.string(), userId: z.string().exactOptional(), at: Instant })
  .readonly();
export type Reset = z.infer<typeof Reset>;

/** A person's decision that a foreign call with the guard's credentials has been dealt with. */
export const Closure = z
  .object({
    findingId: z.string(),
    /** Digest of the closed evidence (`digestEvidence`). Another call opens the finding again. */
    digest: z.string(),
    by: z.string(),
    userId: z.string().exactOptional(),
    at: Instant,
    reason: z.string(),
  })
  .readonly();
export type Closure = z.infer<typeof Closure>;

/** The role that rollback knows: its unique id, and when a read by rollback itself found it as its reference says. */
export const Enrolment = z
  .object({
    roleId: z.string(),
    /** When the role was enrolled. */
    at: Instant,
    /** The last clean read; left out for a role that was made anew and that no read has found clean yet. */
    cleanAt: Instant.exactOptional(),
    /**
     * When it was last found that the trust policy lets in, or may have let in, anybody else; and how many seconds a session
     * that began then may last. Left out if it never was. `ongoing`: the last read found it so, so that somebody may begin a
     * session until a read finds the trust policy clean. `began`: when it was first found so, after it was clean; an approval
     * from before does not cover it.
     */
    exposure: z
      .object({
        at: Instant,
        began: Instant.exactOptional(),
        sessionSeconds: z.number(),
        ongoing: z.literal(true).exactOptional(),
      })
      .readonly()
      .exactOptional(),
    /** When a change of the maximum session duration was last reported; left out if none was. */
    sessionChangedAt: Instant.exactOptional(),
  })
  .readonly();
export type Enrolment = z.infer<typeof Enrolment>;

/** The rollbacks of one finding in the last week. */
export const Attempts = z
  .object({
    findingId: z.string(),
    /** When each rollback of the finding started, the oldest first. */
    starts: z.array(Instant).readonly(),
    /** The starts of those rollbacks that did not undo the drift; left out if all did. */
    failures: z.array(Instant).readonly().exactOptional(),
    /** When people were told that another actor keeps setting the drift; left out if they were not. */
    contestedAt: Instant.exactOptional(),
  })
  .readonly();
export type Attempts = z.infer<typeof Attempts>;

/** The change that caused a drift, from a message that only the guard's functions can send. */
export const RecordedCause = z
  .object({
    findingId: z.string(),
    /** Digest of the drift as it was read after the change (`digestEvidence`). */
    digest: z.string(),
    /** CloudTrail's event id. */
    changeId: z.string(),
    call: z.string(),
    at: Instant,
    actor: Actor,
    /** The rollback that undid the drift after this change: the change explains no later drift. */
    undoneBy: z.string().exactOptional(),
  })
  .readonly();
export type RecordedCause = z.infer<typeof RecordedCause>;

/** Since when rollback cannot read a role, and why; and the changes of which it was told since then. */
export const UnreadSince = z
  .object({ since: Instant, why: z.string(), changes: z.array(Change).readonly().exactOptional() })
  .readonly();
export type UnreadSince = z.infer<typeof UnreadSince>;

/** A drift of which rollback was not told who made it, and since when it has seen the drift. */
export const Unexplained = z.object({ findingId: z.string(), since: Instant }).readonly();
export type Unexplained = z.infer<typeof Unexplained>;

/**
 * All that rollback believes about a role, besides IAM's answers and CloudTrail's events. People's decisions are items of
 * their own, each written by itself; the rest is stored under one version number.
 */
export const Control = z
  .object({
    role: RoleKey,
    /** 0 if rollback has stored nothing yet; every commit adds one. */
    version: z.number(),
    exceptions: z.array(Exception).readonly(),
    approvals: z.array(Approval).readonly(),
    /** Pauses of the role and of its account, ended ones too. */
    pauses: z.array(Pause).readonly(),
    resets: z.array(Reset).readonly(),
    closures: z.array(Closure).readonly(),
    /**
     * The account's observing phase, by its own item and the copy in the role's record; left out if neither is stored. Every
     * commit copies it into the record.
     */
    observing: ObservingPhase.exactOptional(),
    /** Left out until rollback itself has read the role clean. */
    enrolment: Enrolment.exactOptional(),
    rollbacks: z.array(Rollback).readonly(),
    attempts: z.array(Attempts).readonly(),
    causes: z.array(RecordedCause).readonly(),
    /** Left out where the owner trusts nobody, or if the author of each drift is known. */
    unexplained: z.array(Unexplained).readonly().exactOptional(),
    /** When the next try is due for which messages are under way; left out if none was sent. */
    nextTry: Instant.exactOptional(),
    /** Since when rollback cannot read the role, and the first answer of IAM; left out if the last read succeeded. */
    unread: UnreadSince.exactOptional(),
    /**
     * Why items were left out because they could not be read, one message for each, which names the item; left out if
     * every item was read. An item left out suppresses and approves nothing, and rollbacks of the role are refused.
     */
    unreadable: z.array(z.string()).readonly().exactOptional(),
  })
  .readonly();
export type Control = z.infer<typeof Control>;

/** A person's decision, stored as an item of its own. A later one about the same finding or scope replaces it. */
export type Decision =
  | { readonly kind: "exception"; readonly exception: Exception }
  | { readonly kind: "approval"; readonly approval: Approval }
  | { readonly kind: "pause"; readonly pause: Pause }
  | { readonly kind: "reset"; readonly reset: Reset }
  | { readonly kind: "closure"; readonly closure: Closure };

/** Returns the control record of a role about which nothing is stored. */
export function emptyControl(role: RoleKey): Control {
  return {
    role,
    version: 0,
    exceptions: [],
    approvals: [],
    pauses: [],
    resets: [],
    closures: [],
    rollbacks: [],
    attempts: [],
    causes: [],
  };
}

/** Returns the rollback of the role that has not ended; undefined if there is none. */
export function findRunning({
  rollbacks,
}: Pick<Control, "rollbacks">): Extract<Rollback, { status: "running" }> | undefined {
  return rollbacks.find((rollback) => rollback.status === "running");
}

/**
 * The bounds of what is kept about one role. Starts and causes are one item each, of this many bytes of JSON at most: an
 * item of DynamoDB holds 400 KB (docs/aws-facts.md, "DynamoDB, SQS and Lambda"). Causes are kept longer than a drift waits
 * for its answer: who made it does not accept it.
 */
const retention = {
  days: 7,
  causeDays: 90,
  rollbacks: 20,
  unansweredDays: 30,
  unanswered: 20,
  revocations: 20,
  itemBytes: 250_000,
};

/**
 * Removes what no decision needs any more: starts older than a week and causes older than 90 days, or of which too many are
 * newer, except causes of findings that somebody accepted; and ended rollbacks except the newest 20, those of the last 30 days with a call that got no answer, 20 at most, and those that
 * revoked sessions by a policy that no rollback has removed, 20 at most. A rollback that people were not told of stays.
 * Returns the same record if there is nothing to remove.
 */
export function pruneControl(control: Control, now: Instant): Control {
  const isWithin = (at: Instant, days: number) => millisecondsBetween(at, now) <= days * 86_400_000;
  const attempts = limitAttempts(
    control.attempts.flatMap((each) => {
      const starts = each.starts.filter((at) => isWithin(at, retention.days));
      if (starts.length === 0) return [];
      if (starts.length === each.starts.length) return [each];
      const { failures = [], ...rest } = each;
      const kept = failures.filter((at) => isWithin(at, retention.days));
      return [{ ...rest, starts, ...(kept.length > 0 && { failures: kept }) }];
    }),
  );
  const causes = limitCauses(control, (at) => isWithin(at, retention.causeDays));
  const newestFirst = control.rollbacks.toSorted((a, b) => millisecondsBetween(a.startedAt, b.startedAt));
  const unanswered = newestFirst
    .filter(
      ({ steps, startedAt }) =>
        isWithin(startedAt, retention.unansweredDays) && steps.some(({ outcome }) => !hasRequestId(outcome)),
    )
    .slice(0, retention.unanswered);
  const standing = listRevoking(newestFirst).slice(0, retention.revocations);
  const kept = new Set([...newestFirst.slice(0, retention.rollbacks), ...unanswered, ...standing]);
  const rollbacks = control.rollbacks.filter(
    (rollback) => kept.has(rollback) || rollback.status === "running" || !rollback.told,
  );
  const unchanged =
    rollbacks.length === control.rollbacks.length &&
    causes.length === control.causes.length &&
    attempts.length === control.attempts.length &&
    attempts.every((each, index) => each === control.attempts[index]);
  return unchanged ? control : { ...control, attempts, causes, rollbacks };
}

/** Returns the rollbacks that wrote a policy that ends sessions, and that no rollback has removed since. */
function listRevoking(rollbacks: readonly Rollback[]): readonly Rollback[] {
  const removed = new Set(
    rollbacks.flatMap((rollback) =>
      listEffective(rollback).flatMap((index) => {
        const step = rollback.plan.steps[index];
        return step?.call === "iam:DeleteRolePolicy" ? [step.policyName] : [];
      }),
    ),
  );
  return rollbacks.filter(({ plan, steps }) =>
    steps.some((record) => {
      const step = plan.steps[record.step];
      if (step?.call !== "iam:PutRolePolicy" || step.revokesUntil === undefined) return false;
      return record.outcome?.status !== "refused" && !removed.has(step.policyName);
    }),
  );
}

function hasRequestId(outcome: Rollback["steps"][number]["outcome"]): boolean {
  return outcome !== undefined && "requestId" in outcome && outcome.requestId !== undefined;
}

// Somebody can make many drifts, each with attempts of its own: the oldest are dropped.
function limitAttempts(attempts: readonly Attempts[]): readonly Attempts[] {
  const newestFirst = attempts.toSorted((a, b) => millisecondsBetween(lastStart(a), lastStart(b)));
  const kept = new Set(takeBytes(newestFirst, retention.itemBytes));
  return kept.size === attempts.length ? attempts : attempts.filter((each) => kept.has(each));
}

/** Whether so many causes are stored that earlier ones may have been dropped. */
export function hasManyCauses({ causes }: Pick<Control, "causes">): boolean {
  return jsonBytes(causes) > 0.8 * retention.itemBytes;
}

// Somebody can make many drifts. The causes by which exceptions are judged are kept before all others, then the newest.
function limitCauses(
  { causes, exceptions }: Control,
  isRecent: (at: Instant) => boolean,
): readonly RecordedCause[] {
  const accepted = new Set(exceptions.map(({ findingId }) => findingId));
  const isJudging = ({ findingId }: RecordedCause) => accepted.has(findingId);
  const newestFirst = causes.filter((cause) => isRecent(cause.at) || isJudging(cause)).toReversed();
  const [judging = [], others = []] = [true, false].map((is) =>
    newestFirst.filter((cause) => isJudging(cause) === is),
  );
  const kept = new Set(takeBytes([...judging, ...others], retention.itemBytes));
  return kept.size === causes.length ? causes : causes.filter((cause) => kept.has(cause));
}

function lastStart({ starts }: Attempts): Instant {
  return starts.at(-1) ?? "1970-01-01T00:00:00Z";
}
