import type { Change } from "../model/change.ts";
import type { Finding } from "../model/finding.ts";
import { type Instant, isBefore, millisecondsBetween } from "../model/instant.ts";
import type { Transition, TransitionKind } from "../model/transition.ts";
import { authorOf } from "./attribution.ts";

/**
 * Whether it is not known who caused a drift, and CloudTrail was not searched for them. An accepted one counts too: the
 * exception holds only if somebody else made the drift.
 */
export function lacksAuthor({ state, evidence, causedBy, unattributed }: Finding): boolean {
  return (
    state !== "resolved" && evidence.kind === "drift" && causedBy === undefined && unattributed === undefined
  );
}

/** Whether a drift of the trust policy lets somebody else in. */
export function isOpenTrust({ evidence }: Pick<Finding, "evidence">): boolean {
  return (
    evidence.kind === "drift" &&
    evidence.side === "excess" &&
    evidence.part.kind === "trust" &&
    evidence.harmless !== true
  );
}

// CloudTrail shows a session some minutes after it was issued.
const sessionMinutes = 60;

/**
 * Whether the sessions that a drift of the trust policy let in must be looked up: it is open, or it was resolved a short
 * while ago, so that CloudTrail did not show its last sessions then.
 */
export function mayHaveSessions(finding: Finding, now: Instant): boolean {
  if (!isOpenTrust(finding) || finding.state === "suppressed") return false;
  return finding.state === "open" || millisecondsBetween(finding.updatedAt, now) <= sessionMinutes * 60_000;
}

// After these, the finding's evidence is new, or its last sessions have been issued.
const kindsToLookUp: readonly TransitionKind[] = [
  "opened",
  "worsened",
  "reopened",
  "recurred",
  "suppressed",
  "resolved",
];

/** Whether a new transition of an inspection asks for a lookup of its role. */
export function asksForLookup({ kind, finding }: Transition): boolean {
  return (
    kindsToLookUp.includes(kind) && (lacksAuthor(finding) || (kind !== "suppressed" && isOpenTrust(finding)))
  );
}

/**
 * Returns the change that caused a drift, among some: the newest one of its part from before the drift was last updated;
 * undefined if none of them could (docs/decisions/0007). It says who set the part last, which is who set it as it is.
 */
export function findMakingChange(finding: Finding, changes: readonly Change[]): Change | undefined {
  return changes
    .filter((change) => !isBefore(finding.updatedAt, change.at) && authorOf(finding.evidence, change))
    .reduce<Change | undefined>(
      (newest, change) => (newest === undefined || isBefore(newest.at, change.at) ? change : newest),
      undefined,
    );
}
