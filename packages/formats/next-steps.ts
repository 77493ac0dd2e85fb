import type { Evidence } from "@drift-guard/core/model/evidence";
import type { Fix } from "@drift-guard/core/model/fix";
import type { Instant } from "@drift-guard/core/model/instant";
import { isSetting } from "@drift-guard/core/model/part";
import {
  type Cause,
  roleGone,
  type Transition,
  type TransitionKind,
} from "@drift-guard/core/model/transition";
import { formatActor, formatOrigin } from "./actors.ts";
import { sanitise } from "./printable.ts";

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
    case "suppressed":
      return "Suppressed";
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
      return "Contested";
    case "simulated":
      return "Simulated";
    case "closed":
      return "Closed";
  }
}

/** Why the guard read the role, with the time if there is one; of a resolved finding, which read found the role clean. */
export function formatCause(transition: Transition): string {
  const { kind, cause, note, at } = transition;
  if (kind !== "resolved" || note === roleGone) return formatReading(cause, at);
  switch (cause.kind) {
    case "recheck":
    case "sweep":
      return `confirmed clean by the ${cause.kind} at ${sanitise(at)}`;
    case "change":
    case "symptom":
    case "rollback":
      return `confirmed clean by the read after ${formatReading(cause, at)}`;
  }
}

function formatReading(cause: Cause, at: Instant): string {
  switch (cause.kind) {
    case "change":
      return `${sanitise(cause.call)} at ${sanitise(cause.at)}`;
    case "recheck":
      return `the recheck at ${sanitise(at)}, some minutes after a change`;
    case "sweep":
      return "the sweep; no event reported it";
    case "symptom":
      return `${sanitise(cause.what)} at ${sanitise(cause.at)}: ${sanitise(cause.reason)}`;
    case "rollback":
      return `the guard's rollback ${sanitise(cause.rollbackId)}`;
  }
}

/** Who caused the transition, and from where, as far as known. */
export function formatAuthor({ actor, finding }: Transition): string {
  if (finding.evidence.kind === "vendor-change") return "AWS itself";
  // A transition of the guard's own is attributed to the cause of the finding.
  const author = actor ?? finding.causedBy;
  if (author === undefined) return "not known";
  const origin = formatOrigin(author);
  return origin === undefined ? formatActor(author) : `${formatActor(author)} from ${origin}`;
}

/** Whether the evidence no longer holds, because the role was rolled back or found clean. */
export function isOver({ kind }: Transition): boolean {
  return kind === "rolled-back" || kind === "resolved" || kind === "closed";
}

/** What happens next and who has to act, each a sentence. */
export function formatNextSteps({ kind, finding, note }: Transition): readonly string[] {
  switch (kind) {
    case "opened":
    case "worsened":
    case "reopened":
    case "recurred":
    case "improved":
    case "attributed":
      return nextStepsOfOpen(finding.evidence);
    case "contested":
      return ["Find out which of the two is right, and stop the other: the configuration or the other tool."];
    case "simulated":
      return ["Nothing was written. To have it done, set the mode to approve or automatic."];
    case "closed":
      return ["Nothing has to be done: a person closed the finding. A further such call opens it again."];
    case "suppressed":
      return ["Exactly this is suppressed until the exception expires. Anything beyond it is reported."];
    case "approved":
      return [
        "The guard reads the role again and rolls this back, unless something is in doubt. A message follows.",
      ];
    case "rolled-back":
      return ["The finding stays open until a later read finds the role as its reference says."];
    case "refused":
      // The note says how far the rollback came; it may stop after its first step.
      return finding.state === "open" && finding.retry
        ? [
            "The reason passes by itself: the sweep requests the rollback again. A person may act before that.",
          ]
        : ["The guard does not try this again by itself. A person must decide."];
    case "resolved":
      return note === roleGone
        ? ["This finding is resolved. Another finding says whether the role must exist."]
        : ["Nothing to do: later reads found the role as its reference says."];
  }
}

/** What a person must know besides the commands of a fix, or do where there are none, each a sentence or more. */
export function formatFixAdvice(fix: Fix): readonly string[] {
  if (fix.kind === "manual") return [`No command fixes it alone. ${sanitise(fix.why, 1000)}`];
  return [
    ...(fix.warning === undefined ? [] : [`Before you fix it: ${sanitise(fix.warning, 1000)}`]),
    ...(fix.leaves === undefined ? [] : [`The commands fix a part of it. ${sanitise(fix.leaves, 1000)}`]),
  ];
}

function nextStepsOfOpen(evidence: Evidence): readonly string[] {
  switch (evidence.kind) {
    case "drift":
      return [
        'If the configuration sets "automatic" for this role and side, the guard rolls this back now, and another message reports it.',
        "Otherwise nothing changes until a person acts. If the change was meant, ask its author before you undo it.",
        ...(evidence.fix ? formatFixAdvice(evidence.fix) : []),
      ];
    case "undecided":
      if (isSetting(evidence.part)) return ["Nothing to do: the next read of the role compares it."];
      return [
        "Compare this part by eye. Write it in a form that can be compared, or restore what the reference says.",
      ];
    case "note":
      return ["The guard does not roll this back."];
    case "vendor-change":
      return [
        evidence.lost
          ? "Find out whether AWS Batch still needs what AWS removed. If it does, allow it by another policy of the role."
          : "Nothing to do.",
        'To accept AWS\'s version, write it to a reference and add that to the configuration: docs/references.md, "When AWS changes a policy". The finding then resolves.',
      ];
    case "attempt":
      return [
        "Find out who tried this and why. The call changed nothing, so that there is nothing to roll back.",
      ];
    case "impersonation":
      return ["Act now: someone else is using the guard's credentials."];
  }
}
