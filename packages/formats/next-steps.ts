import { parseIamArn } from "@drift-guard/core/model/arn";
import type { Finding } from "@drift-guard/core/model/finding";
import { type Instant, isBefore, millisecondsBetween } from "@drift-guard/core/model/instant";
import { isSetting } from "@drift-guard/core/model/part";
import {
  noException,
  roleGone,
  roleReleased,
  type Transition,
  type TransitionKind,
} from "@drift-guard/core/model/transition";
import type { Standing } from "@drift-guard/core/rollback/standing";
import { formatActor, formatOrigin } from "./actors.ts";
import type { Announcement } from "./announcement.ts";
import { findAuthor, findContainment } from "./containment.ts";
import { formatDuration, formatTime, sanitise } from "./printable.ts";
import { endSessions } from "./sessions.ts";
import { formatStanding } from "./standing.ts";

/** What happened to the finding, in one to three words that can begin a line. */
export function formatTransitionKind(kind: TransitionKind): string {
  switch (kind) {
    case "opened":
      return "New";
    case "worsened":
      return "Worsened";
    case "improved":
      return "Improved";
    case "attributed":
      return "Author found";
    case "sessions-found":
      return "Sessions issued";
    case "suppressed":
      return "Suppressed";
    case "expiring":
      return "Exception ends";
    case "approved":
      return "Rollback approved";
    case "rolled-back":
      return "Rolled back";
    case "refused":
      return "Rollback refused";
    case "resolved":
      return "Resolved";
    case "reopened":
    case "recurred":
      return "Recurred";
    case "contested":
      return "Keeps returning";
    case "simulated":
      return "Simulated";
    case "closed":
      return "Closed";
  }
}

/**
 * What happened to the finding, as `formatTransitionKind`, with what the same message tells before it: `New, rolled back`. A
 * rollback that only waits is not called refused, and a finding whose exception ended not recurred.
 */
export function formatHeadline({ transition, standing, before = [] }: Announcement): string {
  const names = [...before.map(formatEvent), formatLatest(transition, standing)].filter(
    (name, index, all) => name !== all[index - 1],
  );
  const [first = "", ...others] = names;
  const shown = others.length > 2 ? [`${others.length - 1} more`, ...others.slice(-1)] : others;
  return [first, ...shown.map((name) => name.charAt(0).toLowerCase() + name.slice(1))].join(", ");
}

/** The earlier transitions that a message tells, each with its time and note. */
export function describeBefore({ before = [] }: Announcement): readonly string[] {
  return before.map((transition) => {
    const { at, note } = transition;
    return `${formatTime(at)} ${formatEvent(transition)}${note === undefined ? "" : `: ${sanitise(note, 500)}`}`;
  });
}

/** What happened to the finding, as `formatTransitionKind`; a finding whose exception ended is not called recurred. */
export function formatEvent({ kind, exception, note, finding }: Transition): string {
  const hasEnded = exception !== undefined || note === noException;
  if (hasEnded && (kind === "reopened" || kind === "worsened")) return "Exception ended";
  // A refused call is no state that could worsen.
  if (kind === "worsened" && finding.evidence.kind === "attempt") return "Refused again";
  return formatTransitionKind(kind);
}

function formatLatest(transition: Transition, standing: Standing): string {
  const { kind } = transition;
  if (kind !== "refused") return formatEvent(transition);
  switch (standing.kind) {
    case "approval":
      return "Approval needed";
    case "paused":
      return "Rollback paused";
    case "window":
    case "contested":
      return "Rollback waits";
    case "refused":
      return standing.retries ? "Rollback postponed" : formatTransitionKind(kind);
    default:
      return formatTransitionKind(kind);
  }
}

/** How bad it is and what happened: `CRITICAL, New`; `Resolved (was CRITICAL)` once it is over. */
export function formatLead(announcement: Announcement): string {
  const { transition } = announcement;
  const { severity } = transition.finding;
  const headline = formatHeadline(announcement);
  return isOver(transition) ? `${headline} (was ${severity})` : `${severity}, ${headline}`;
}

/** The call that caused the finding and its time, if it is known; else how drift-guard came to see it. */
export function formatCause(transition: Transition): string {
  const { cause, at, finding } = transition;
  if (cause.kind === "change" && !isOver(transition))
    return `${sanitise(cause.call)} at ${formatTime(cause.at)}`;
  if (finding.origin) return `${sanitise(finding.origin.call)} at ${formatTime(finding.origin.at)}`;
  if (isOver(transition)) return `not known; seen since ${formatTime(finding.openedAt)}`;
  switch (cause.kind) {
    case "change":
      return `${sanitise(cause.call)} at ${formatTime(cause.at)}`;
    case "recheck":
      return `not known: seen by the recheck at ${formatTime(at)}, some minutes after a change`;
    case "sweep":
      return `not known: seen by the sweep at ${formatTime(at)}, and no event reported it`;
    case "lookup":
      return `found in CloudTrail's event history at ${formatTime(at)}`;
    case "symptom":
      return `${sanitise(cause.what)} at ${formatTime(cause.at)}: ${sanitise(cause.reason)}`;
    case "rollback":
      return `not known; seen since ${formatTime(finding.openedAt)}`;
  }
}

/** What ended a finding, when, and after how long; undefined if it is not over. */
export function formatEnd(transition: Transition): string | undefined {
  const { kind, note, at, finding } = transition;
  if (!isOver(transition)) return undefined;
  const since = finding.origin?.at ?? finding.openedAt;
  const whenAt = (end: Instant) =>
    `${formatTime(end)}, ${formatDuration(millisecondsBetween(since, end))} after it began`;
  if (kind === "closed") return `closed by a person; recorded at ${whenAt(at)}`;
  if (kind === "rolled-back") return `rolled back by drift-guard at ${whenAt(at)}`;
  if (note === roleGone) return `the role was deleted; seen at ${whenAt(at)}`;
  if (note === roleReleased) return `not watched any more since ${whenAt(at)}`;
  if (finding.evidence.kind !== "drift") return `not seen any more; confirmed at ${whenAt(at)}`;
  const { rollback } = finding;
  const undone =
    rollback?.undone === true && !rollback.returned && !isBefore(rollback.endedAt, finding.openedAt);
  return undone
    ? `rolled back by drift-guard at ${whenAt(rollback.endedAt)}; confirmed at ${formatTime(at)}`
    : `the role, its use or its reference was changed, not by drift-guard; confirmed at ${whenAt(at)}`;
}

/** Who caused the transition, and from where, as far as known. */
export function formatAuthor({ actor, finding }: Transition): string {
  if (finding.evidence.kind === "vendor-change") return "AWS itself";
  // A transition of the guard's own is attributed to the cause of the finding.
  const author = actor ?? finding.causedBy;
  if (author === undefined) return formatUnknownAuthor(finding);
  const origin = formatOrigin(author);
  return origin === undefined ? formatActor(author) : `${formatActor(author)} from ${origin}`;
}

function formatUnknownAuthor({ unattributed }: Finding): string {
  if (unattributed === undefined) return "not known";
  const { at, since } = unattributed;
  const days = Math.ceil(millisecondsBetween(since, at) / 86_400_000);
  return `not known: CloudTrail shows nobody who did it in the ${days === 1 ? "last day" : `last ${days} days`} before ${formatTime(at)}`;
}

/** Whether the evidence no longer holds, because the role was rolled back or found clean. */
export function isOver({ kind }: Pick<Transition, "kind">): boolean {
  return kind === "rolled-back" || kind === "resolved" || kind === "closed";
}

/**
 * What the guard does about the finding, what happens next and who has to act, each a sentence. The first is enough to
 * decide whether to act.
 */
export function formatNextSteps(announcement: Announcement): readonly string[] {
  const { transition, standing } = announcement;
  const { finding } = transition;
  const end = formatEnd(transition);
  if (standing.kind === "report-only") return [...formatEnded(transition), ...nextStepsOf(finding)];
  const sentences = [
    ...formatSessionsAdvice(transition),
    ...formatEnded(transition),
    ...(end !== undefined && standing.kind === "resolved" && standing.because === "clean"
      ? [`Nothing to do: ${end}.`]
      : formatStanding(standing, finding.role.name)),
  ];
  return [
    ...sentences,
    ...(needsPerson(standing) ? findContainment(announcement) : []),
    ...warnOfReturn(announcement),
  ];
}

function warnOfReturn({ transition, standing }: Announcement): readonly string[] {
  const author = findAuthor(transition);
  if (author === undefined || (standing.kind !== "undoing" && standing.kind !== "undone")) return [];
  return [`Find out why ${author} did this, or it can come back.`];
}

// The drift may be over: its sessions live on.
function formatSessionsAdvice({ kind, at, finding }: Transition): readonly string[] {
  if (kind !== "sessions-found") return [];
  const end = endSessions(finding, at);
  return [
    "Sessions stay valid until they expire, also once the trust policy is as it should be: end them unless you know whose they are.",
    ...(end === undefined
      ? []
      : [
          `The command below does so by an inline policy: remove ${end.policyName} again after 12 hours, when every session before it has expired.`,
        ]),
  ];
}

function formatEnded({ kind, exception }: Transition): readonly string[] {
  if (exception === undefined || kind === "expiring") return [];
  const { owner, reason, expires } = exception;
  return [`The exception by ${sanitise(owner)} ended at ${formatTime(expires)} (${sanitise(reason, 300)}).`];
}

/** Whether nothing is rolled back until a person acts. */
export function needsPerson(standing: Standing): boolean {
  switch (standing.kind) {
    case "observed":
    case "service-linked":
    case "off":
    case "simulated":
    case "by-hand":
    case "approval":
    case "observing":
      return true;
    case "refused":
      return !standing.retries;
    case "window":
      return standing.until === undefined;
    case "resolved":
    case "closed":
    case "suppressed":
    case "expiring":
    case "undone":
    case "report-only":
    case "undoing":
    case "seeking-author":
    case "approved":
    case "paused":
    case "contested":
      return false;
  }
}

function isServiceLinked({ arn }: Finding): boolean {
  return arn !== undefined && parseIamArn(arn)?.path.startsWith("/aws-service-role/") === true;
}

function nextStepsOf(finding: Finding): readonly string[] {
  const { evidence } = finding;
  switch (evidence.kind) {
    // Every drift has another standing.
    case "drift":
      return [];
    case "undecided":
      if (isSetting(evidence.part)) return ["Nothing to do: the next read of the role compares it."];
      return [
        "drift-guard changes nothing, because it cannot tell whether this part matches the reference (what the role should be).",
        "Compare this part by eye. Write it in a form that can be compared, or restore what the reference says.",
      ];
    case "note":
      return ["For information: drift-guard rolls nothing back."];
    case "vendor-change":
      return [
        evidence.lost
          ? "Find out whether AWS Batch still needs what AWS removed. If it does, allow it by another policy of the role."
          : "Nothing to do.",
        'To accept AWS\'s version, write it to a reference and add that to the configuration: docs/references.md, "When AWS changes a policy". The finding then resolves.',
      ];
    case "attempt":
      return [
        isServiceLinked(finding)
          ? "AWS denied the call, and nothing changed: nobody but AWS can change a service-linked role so."
          : "AWS denied the call, and nothing changed.",
        "Find out why the caller did this. If they should not have, deactivate their access keys and end their sessions.",
      ];
    case "impersonation":
      return ["Act now: someone else is using drift-guard's credentials."];
  }
}
