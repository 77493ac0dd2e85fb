import type { RollbackSide } from "@drift-guard/core/config/rollback-choice";
import { observingDays } from "@drift-guard/core/model/observing";
import type { Standing } from "@drift-guard/core/rollback/standing";
import { formatTime, sanitise } from "./printable.ts";

/**
 * Returns what the guard does about a finding, in at most 18 characters for a subject: `being undone now`. Undefined where
 * the kind of the transition says it.
 */
export function formatVerdict(standing: Standing): string | undefined {
  switch (standing.kind) {
    case "resolved":
    case "closed":
    case "suppressed":
    case "report-only":
      return undefined;
    case "expiring":
      return formatNext(standing.next).verdict;
    case "undone":
      return "rolled back";
    case "observed":
      return "not rolled back";
    case "service-linked":
      return "only AWS can fix it";
    case "off":
      return "rollback is off";
    case "simulated":
      return "only simulated";
    case "by-hand":
      return standing.because === "deny" ? "a person decides" : "fix it by hand";
    case "undoing":
      return "being undone now";
    case "seeking-author":
      return "seeking its author";
    case "observing":
      return "not enabled yet";
    case "approval":
      return "needs approval";
    case "approved":
      return "approved";
    case "paused":
      return "rollback paused";
    case "contested":
      return standing.until === undefined ? "being undone now" : `next try ${formatClock(standing.until)}`;
    case "window":
      return "waits for window";
    case "refused":
      return standing.retries ? "will be retried" : "needs a person";
  }
}

/**
 * Returns what the guard does about a finding, did or will not do, as sentences: the first is enough to decide whether to
 * act. Empty for evidence that is no drift. `role` is the role's name.
 */
export function formatStanding(standing: Standing, role: string): readonly string[] {
  const name = sanitise(role);
  switch (standing.kind) {
    case "report-only":
      return [];
    case "resolved":
      return formatResolution(standing);
    case "closed":
      return ["Nothing to do: a person closed the finding.", "A further such call opens it again."];
    case "suppressed":
      return [
        formatSuppression(standing),
        "Anything beyond it is reported.",
        ...(standing.configured
          ? ["The exception is in the configuration: to end it, remove it there, and deploy."]
          : []),
      ];
    case "expiring":
      return formatExpiry(standing);
    case "undone":
      return [
        "drift-guard rolled it back.",
        "The finding stays open until later reads confirm it; then a last message says so.",
      ];
    case "observed":
      return [
        `drift-guard rolls nothing back here, since ${whyObserved(standing.because, name)}. Nothing changes until a person acts.`,
      ];
    case "service-linked":
      return ["Only AWS can change the permissions of a service-linked role: drift-guard writes nothing."];
    case "off":
      return [
        `Rollback of ${nameSide(standing.side)} is off for ${name} in the configuration: nothing changes until a person acts.`,
      ];
    case "simulated":
      return [
        `Rollback of ${nameSide(standing.side)} is only simulated for ${name}: drift-guard writes nothing.`,
        "To have it done, set the mode to approve or automatic.",
      ];
    case "by-hand":
      return [whyByHand(standing.because)];
    case "undoing":
      return [
        `drift-guard ${formatUndoing(standing.side)}`,
        "Within some minutes, another message says what drift-guard did, or why it did nothing. If none comes in 15 minutes, look at the status with the command below.",
      ];
    case "seeking-author":
      return [
        `drift-guard rolls it back at ${formatTime(standing.until)}, unless CloudTrail shows before then that somebody made the change whom the configuration trusts.`,
        "If somebody else made it, drift-guard rolls it back as soon as CloudTrail shows them.",
      ];
    case "observing":
      return [
        `drift-guard is new here and only observes ${formatPhaseEnd(standing.until)}, or until you enable rollback.`,
        "Until then it writes nothing that nobody approved.",
      ];
    case "approval":
      return formatApproval(standing);
    case "approved":
      return [
        `${sanitise(standing.by)} approved the rollback.`,
        standing.from === undefined
          ? "drift-guard carries it out, unless the role has changed since. Another message says what it did."
          : `The approval counts from ${formatTime(standing.from)}: until then, the report of who made the change may come.`,
      ];
    case "paused":
      return [
        `Rollbacks ${standing.scope === "account" ? "in this account" : `of ${name}`} are paused until ${formatTime(standing.until)}, by ${sanitise(standing.by)}: ${sanitise(standing.reason, 500)}`,
        "Nothing is rolled back until the pause ends.",
      ];
    case "contested":
      return [
        standing.until === undefined
          ? "It comes back after each rollback. drift-guard rolls it back again now."
          : `It comes back after each rollback, so that drift-guard waits longer before each: the next one begins at ${formatTime(standing.until)} at the earliest.`,
        "Stop what keeps setting it (who and with which tool stands below), or accept it if it is meant: until then it comes back.",
      ];
    case "window":
      return [
        standing.until === undefined
          ? "No window for rollbacks opens in the next 8 days: a person must approve the rollback."
          : `The rollback waits for the next rollback window of the configuration, which opens at ${formatTime(standing.until)}.`,
      ];
    case "refused":
      return [
        standing.retries
          ? "drift-guard did not roll it back. The reason passes by itself, and drift-guard tries again."
          : "drift-guard did not roll it back. Each sweep looks again, and rolls it back once the reason is gone; until then, a person must decide.",
      ];
  }
}

/** The time of day of a try in the next hours. */
function formatClock(at: string): string {
  return `${formatTime(at).slice(11, 16)}Z`;
}

function formatPhaseEnd(until: Extract<Standing, { kind: "observing" }>["until"]): string {
  return until === undefined
    ? `for ${observingDays} days after its first complete sweep`
    : `until ${formatTime(until)}`;
}

function formatSuppression({ owner, reason, until }: Extract<Standing, { kind: "suppressed" }>): string {
  if (owner === undefined) return "A person accepted exactly this until the exception expires.";
  const end = until === undefined ? "" : ` until ${formatTime(until)}`;
  return `${sanitise(owner)} accepted exactly this${end}${reason === undefined ? "." : `: ${sanitise(reason, 500)}`}`;
}

function formatExpiry(standing: Extract<Standing, { kind: "expiring" }>): readonly string[] {
  const { owner, reason, expires, configured, isPart, next } = standing;
  const what = isPart ? "a part of it" : "it";
  return [
    `The exception by ${sanitise(owner)} that accepts ${what} ends at ${formatTime(expires)}. ${formatNext(next).sentence}`,
    `The reason was: ${sanitise(reason, 500)}`,
    configured
      ? "To keep it accepted, set a later date under exceptions in the configuration, and deploy. To end it, remove the entry."
      : "To keep it accepted, somebody other than its author accepts it again before that.",
  ];
}

/** What becomes of a finding whose exception ends, in at most 18 characters and as a sentence. */
function formatNext(next: Extract<Standing, { kind: "expiring" }>["next"]): {
  readonly verdict: string;
  readonly sentence: string;
} {
  switch (next) {
    case "undoing":
    case "seeking-author":
    case "approved":
    case "contested":
      return {
        verdict: "rolled back then",
        sentence:
          "Then drift-guard rolls it back, unless its next read of the role shows a reason against it.",
      };
    case "window":
      return {
        verdict: "rolled back then",
        sentence: "Then drift-guard rolls it back, in the configuration's next window.",
      };
    case "approval":
      return {
        verdict: "open again then",
        sentence: "Then the finding is open again, and its rollback waits for a person's approval.",
      };
    case "paused":
      return {
        verdict: "open again then",
        sentence: "Then the finding is open again, and drift-guard rolls it back when the pause ends.",
      };
    case "observing":
      return {
        verdict: "open again then",
        sentence: "Then the finding is open again, and drift-guard rolls it back once rollback is enabled.",
      };
    case "off":
    case "simulated":
    case "observed":
    case "service-linked":
    case "by-hand":
    case "refused":
      return {
        verdict: "open again then",
        sentence: "Then the finding is open again, and nothing changes until a person acts.",
      };
    case "report-only":
    case "resolved":
    case "closed":
    case "suppressed":
    case "undone":
      return { verdict: "open again then", sentence: "Then the finding is open again." };
  }
}

function formatResolution({ because }: Extract<Standing, { kind: "resolved" }>): readonly string[] {
  switch (because) {
    case "clean":
      return ["Nothing to do: it is over, and two reads of the role confirmed that."];
    case "deleted":
      return [
        "This finding is resolved, because the role was deleted.",
        "Another finding says whether it must exist.",
      ];
    case "unwatched":
      return [
        "This finding is resolved, because drift-guard does not watch the role any more.",
        "The configuration does not name it, and AWS Batch does not use it. The difference may still be there.",
      ];
  }
}

function whyObserved(because: Extract<Standing, { kind: "observed" }>["because"], name: string): string {
  switch (because) {
    case "not-named":
      return `the configuration does not name ${name}`;
    case "pattern":
      return `the configuration names ${name} by a pattern only, and drift-guard writes only roles that it names exactly`;
    case "path":
      return `the configuration does not allow the path of ${name}`;
  }
}

function whyByHand(because: Extract<Standing, { kind: "by-hand" }>["because"]): string {
  switch (because) {
    case "role":
      return "drift-guard creates, moves and deletes no roles: a person must act.";
    case "profile":
      return "drift-guard changes no instance profiles: a person must act.";
    case "deny":
      return "drift-guard removes no Deny: a person must decide.";
    case "need":
      return "drift-guard gives no role what only AWS Batch's uses of it need: a person must act.";
    case "other":
      return "No rollback repairs this kind of drift: a person must act.";
  }
}

function formatUndoing(side: RollbackSide): string {
  switch (side) {
    case "excess":
      return "removes it now.";
    case "missing":
      return "restores it now, unless the trust policy lets in somebody who must not get the permissions.";
    case "altered":
      return "sets it back now.";
  }
}

function nameSide(side: RollbackSide): string {
  switch (side) {
    case "excess":
      return "excess permissions";
    case "missing":
      return "missing permissions";
    case "altered":
      return "altered settings";
  }
}

// More approvers than these help nobody to find one.
const maxApprovers = 3;

function formatApproval({ approvers, trusted }: Extract<Standing, { kind: "approval" }>): readonly string[] {
  const shown = approvers.slice(0, maxApprovers).map((pattern) => sanitise(pattern));
  const more = approvers.length - shown.length;
  const who =
    shown.length === 0
      ? "anyone who may call drift-guard's function respond"
      : `${shown.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
  return [
    trusted.length === 0
      ? "The rollback waits for a person's approval."
      : `The rollback waits for a person's approval, because the configuration trusts who made the change: ${trusted
          .slice(0, maxApprovers)
          .map((each) => sanitise(each))
          .join(", ")}.`,
    `Have it approved with the command below, by ${who}. The person who made the change cannot approve it.`,
    "Until then it stays: drift-guard waits without a time limit, and does not remind you.",
  ];
}
