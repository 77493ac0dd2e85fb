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
      return "observed only";
    case "service-linked":
      return "never written";
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
      return "rollback pauses";
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
        "The guard rolled it back.",
        "The finding stays open until a later read finds the role as its reference says.",
      ];
    case "observed":
      return [
        `Observed only: ${whyObserved(standing.because, name)}`,
        "Nothing changes until a person acts.",
      ];
    case "service-linked":
      return ["The guard never writes a service-linked role: only AWS may change it."];
    case "off":
      return [
        `Rollback of ${nameSide(standing.side)} is off for this role: nothing changes until a person acts.`,
      ];
    case "simulated":
      return [
        `Rollback of ${nameSide(standing.side)} is only simulated for this role: the guard writes nothing.`,
        "To have it done, set the mode to approve or automatic.",
      ];
    case "by-hand":
      return [whyByHand(standing.because)];
    case "undoing":
      return [
        `The guard ${formatUndoing(standing.side)}`,
        "Another message says what the guard did, or why it did nothing.",
      ];
    case "seeking-author":
      return [
        `The guard rolls it back at ${standing.until}, unless CloudTrail shows before that that somebody made the change whom the configuration trusts.`,
        "If somebody else made it, the guard rolls it back as soon as CloudTrail shows them.",
      ];
    case "observing":
      return [
        `The guard is new here and only observes ${formatPhaseEnd(standing.until)}, or until you run drift-guard rollback enable.`,
        "Until then it writes nothing that nobody approved.",
      ];
    case "approval":
      return formatApproval(standing);
    case "approved":
      return [
        `${sanitise(standing.by)} approved the rollback.`,
        standing.from === undefined
          ? "The guard carries it out, unless the role has changed since. Another message says what the guard did."
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
          ? "The drift keeps returning after its rollbacks. The guard rolls it back again now."
          : `The drift keeps returning, so that its rollbacks pause. It stays until the next try at ${formatTime(standing.until)}.`,
        "Find out which of the two is right, and stop the other: the configuration or the other tool.",
      ];
    case "window":
      return [
        standing.until === undefined
          ? "No window for rollbacks opens in the next 8 days: a person must approve the rollback."
          : `The rollback waits for the configuration's next window, which opens at ${formatTime(standing.until)}.`,
      ];
    case "refused":
      return [
        standing.retries
          ? "The guard did not roll it back. The reason passes by itself, and the guard tries again."
          : "The guard did not roll it back. Each sweep looks again, and rolls it back once the reason is gone; until then, a person must decide.",
      ];
  }
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
        sentence: "Then the guard rolls it back, unless its next read of the role shows a reason against it.",
      };
    case "window":
      return {
        verdict: "rolled back then",
        sentence: "Then the guard rolls it back, in the configuration's next window.",
      };
    case "approval":
      return {
        verdict: "open again then",
        sentence: "Then the finding is open again, and its rollback waits for a person's approval.",
      };
    case "paused":
      return {
        verdict: "open again then",
        sentence: "Then the finding is open again, and the guard rolls it back when the pause ends.",
      };
    case "observing":
      return {
        verdict: "open again then",
        sentence: "Then the finding is open again, and the guard rolls it back once rollback is enabled.",
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
      return ["Nothing to do: later reads found the role as its reference says."];
    case "deleted":
      return [
        "This finding is resolved, because the role was deleted.",
        "Another finding says whether it must exist.",
      ];
    case "unwatched":
      return [
        "This finding is resolved, because the guard does not watch the role any more.",
        "The configuration does not name it, and AWS Batch does not use it. The difference may still be there.",
      ];
  }
}

function whyObserved(because: Extract<Standing, { kind: "observed" }>["because"], name: string): string {
  switch (because) {
    case "not-named":
      return `the configuration does not name ${name}, so that the guard never writes it.`;
    case "pattern":
      return `the configuration names ${name} by a pattern, and the guard never writes such a role.`;
    case "path":
      return `${name} is at a path that the configuration does not allow for it, so that the guard does not write it.`;
  }
}

function whyByHand(because: Extract<Standing, { kind: "by-hand" }>["because"]): string {
  switch (because) {
    case "role":
      return "The guard creates, moves and deletes no roles: a person must act.";
    case "profile":
      return "The guard changes no instance profiles: a person must act.";
    case "deny":
      return "The guard removes no Deny: a person must decide.";
    case "need":
      return "The guard gives no role what only AWS Batch's uses of it need: a person must act.";
    case "other":
      return "No rollback repairs this kind of drift: a person must act.";
  }
}

function formatUndoing(side: RollbackSide): string {
  switch (side) {
    case "excess":
      return "removes it now.";
    case "missing":
      return "restores it now, unless somebody else would get the permissions too.";
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
      ? "anyone who may call the guard"
      : `${shown.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
  return [
    trusted.length === 0
      ? "The rollback waits for a person's approval."
      : `The rollback waits for a person's approval: ${trusted
          .slice(0, maxApprovers)
          .map((each) => sanitise(each))
          .join(", ")} made the change, whom the configuration trusts.`,
    `Approvers: ${who}, except the person who made the change.`,
  ];
}
