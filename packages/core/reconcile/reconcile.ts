import { isExcepted, leaveUncovered } from "../evaluate/coverage.ts";
import { rateSeverity } from "../evaluate/severity.ts";
import type { Evidence } from "../model/evidence.ts";
import { limitEvidence } from "../model/evidence-limit.ts";
import type { EndingException } from "../model/exception.ts";
import { bodyOf, cleanSinceOf, type Finding, type FindingBody } from "../model/finding.ts";
import { digestEvidence, identifyFinding } from "../model/identity.ts";
import { type Instant, millisecondsBetween, momentAfter } from "../model/instant.ts";
import type { Ledger } from "../model/ledger.ts";
import { isSamePart } from "../model/part.ts";
import type { Severity } from "../model/severity.ts";
import {
  noException,
  roleGone,
  roleReleased,
  type Transition,
  type TransitionKind,
} from "../model/transition.ts";
import { attribute, authorOf, describeOrigin, isByTrustedActor, newAuthorOf } from "./attribution.ts";
import { findEnded, findExpiryWarning } from "./expiry.ts";
import { addContext, hasSameContext, isSeenLongAgo, isWorse } from "./finding-context.ts";
import { dropFutureTimes } from "./honest-times.ts";
import type { Observation } from "./observation.ts";
import { continueEvidence, hasWorsened, isCallEvidence, isKnownNote, isRepeat } from "./recurrence.ts";

/** The role's ledger after an observation, and what changed. */
export interface Reconciliation {
  /** The same object as before if nothing changed. */
  readonly ledger: Ledger;
  readonly transitions: readonly Transition[];
  /** Whether the role must be read again because a finding waits for its second clean read. */
  readonly recheck: boolean;
}

/**
 * Updates a role's ledger with an observation: findings open, worsen and reopen, and resolve on the second clean read.
 * Evidence that is too large to store is cut. A pure function.
 */
export function reconcile(stored: Observation): Reconciliation {
  const observed = { ...stored, ledger: dropFutureTimes(stored.ledger, stored.now) };
  const observation = { ...observed, evidence: observed.evidence.map((piece) => leaveOut(piece, observed)) };
  const { ledger, evidence } = observation;
  const wholeById = new Map(observed.evidence.map((piece) => [identifyFinding(ledger.role, piece), piece]));
  const seenById = new Map(evidence.map((piece) => [identifyFinding(ledger.role, piece), piece]));
  const transitions: Transition[] = [];
  const settle = (before: Finding | undefined, ...[after, kind, exception]: FindingUpdate): Finding => {
    if (kind === undefined) return after;
    // Security Hub ignores an update that is not later than the last (docs/aws-facts.md, "Security Hub").
    const updatedAt = before === undefined ? observation.now : momentAfter(before.updatedAt, observation.now);
    const told = { ...after, seq: (before?.seq ?? 0) + 1, updatedAt };
    transitions.push(describeTransition(told, kind, observation, before, exception));
    return told;
  };

  const known = ledger.findings.map((finding) => {
    const piece = seenById.get(finding.id);
    seenById.delete(finding.id);
    const whole = wholeById.get(finding.id) ?? finding.evidence;
    if (piece) {
      return settle(finding, ...addExpiry(finding, confirm(finding, piece, observation), whole, observation));
    }
    if (isShielded(finding, evidence)) return shield(finding);
    const update = clear(finding, observation);
    const isKept = finding.evidence.kind === "impersonation";
    return settle(finding, ...(isKept ? addExpiry(finding, update, whole, observation) : update));
  });
  const fresh = [...seenById].map(([id, piece]) => settle(undefined, ...open(id, piece, observation)));

  const findings = [...known, ...fresh];
  const unchanged = fresh.length === 0 && known.every((finding, index) => finding === ledger.findings[index]);
  return {
    ledger: unchanged ? ledger : { ...ledger, findings },
    transitions,
    recheck: findings.some((finding) => cleanSinceOf(finding) !== undefined),
  };
}

/** Leaves out what exceptions cover, unless they cover all of it, and what is too large to store. */
function leaveOut(piece: Evidence, observation: Observation): Evidence {
  const id = identifyFinding(observation.ledger.role, piece);
  return limitEvidence(leaveUncovered({ id, evidence: piece }, observation) ?? piece);
}

function rateFinding(evidence: Evidence, { ledger, uses, config }: Observation): Severity {
  return rateSeverity(evidence, { role: ledger.role, uses, config });
}

/** A finding after a read, what happened to it, and the exception of which people are told with that. */
type FindingUpdate = [
  after: Finding,
  kind?: TransitionKind | undefined,
  exception?: EndingException | undefined,
];

/** Adds the exception whose end is near, or whose end explains the update. `whole` is what was read, with all that is covered. */
function addExpiry(
  before: Finding,
  [after, kind]: FindingUpdate,
  whole: Evidence,
  observation: Observation,
): FindingUpdate {
  if (kind === undefined && after.state !== "resolved") {
    const warning = findExpiryWarning(after, whole, observation);
    if (warning === undefined) return [after];
    const { exception, days } = warning;
    return [{ ...after, warned: { expires: exception.expires, days } }, "expiring", exception];
  }
  const isOpenedAgain = (kind === "reopened" || kind === "worsened") && before.state !== "resolved";
  return [after, kind, isOpenedAgain ? findEnded(before, whole, observation) : undefined];
}

function open(id: string, evidence: Evidence, observation: Observation): FindingUpdate {
  const { now, ledger } = observation;
  const author = authorOf(evidence, observation.change);
  const seen: FindingBody = {
    id,
    role: ledger.role,
    evidence,
    severity: rateFinding(evidence, observation),
    ...(author && { causedBy: author, ...describeOrigin(observation.change) }),
    seq: 0,
    firstSeenAt: now,
    lastSeenAt: now,
    openedAt: now,
    updatedAt: now,
  };
  const finding = addContext(seen, undefined, observation);
  return isExcepted(finding, observation)
    ? [{ ...finding, state: "suppressed" }, "suppressed"]
    : [{ ...finding, state: "open" }, "opened"];
}

function confirm(finding: Finding, piece: Evidence, observation: Observation): FindingUpdate {
  const evidence = continueEvidence(finding.evidence, piece);
  // A second copy of an event changes nothing, whatever the finding's state.
  if (evidence === finding.evidence && isCallEvidence(evidence)) return [finding];
  const same = isSameEvidence(finding.evidence, evidence);
  // A fix holds for the role as it was read: another part may have changed since.
  const isRefixed = !isSameFix(finding.evidence, evidence);
  if (isKnownNote(finding.evidence, evidence)) return [finding];
  const known = bodyOf(finding);
  const rises =
    evidence.kind === "attempt" && isWorse(known, { ...known, severity: rateFinding(evidence, observation) });
  if (finding.state === "open" && !rises && isRepeat(finding, evidence, observation)) {
    // Jobs that go on failing keep the finding open.
    const kept = evidence.kind === "note" ? shield(finding) : finding;
    return same ? [kept] : [{ ...kept, evidence }];
  }
  const body = bodyOf(finding);
  const attributed = attribute(same && !isRefixed ? body : { ...body, evidence }, observation, !same);
  const severity = same && !observation.uses ? finding.severity : rateFinding(evidence, observation);
  const current = addContext({ ...attributed, severity, lastSeenAt: observation.now }, body, observation);
  const unchanged =
    same &&
    !isRefixed &&
    cleanSinceOf(finding) === undefined &&
    hasSameContext(body, current) &&
    !isSeenLongAgo(body, observation.now);
  if (isExcepted(current, observation)) {
    if (finding.state === "suppressed" && unchanged) return [finding];
    const suppressed: Finding = { ...current, state: "suppressed" };
    return finding.state === "suppressed" ? [suppressed] : [suppressed, "suppressed"];
  }
  switch (finding.state) {
    case "resolved": {
      const {
        causedBy: _,
        origin: __,
        unattributed: ___,
        sessions: ____,
        ...withoutAuthor
      } = markReturned(current);
      const reopened = attribute({ ...withoutAuthor, openedAt: observation.now }, observation, true);
      return [{ ...reopened, state: "open" }, "reopened"];
    }
    case "suppressed": {
      // The exception expired, or covers other evidence.
      const worse = !same && (hasWorsened(finding.evidence, evidence) || isWorse(body, current));
      const returned: Finding = { ...markReturned(current), state: "open" };
      return worse ? [seekAuthor(returned, finding, observation), "worsened"] : [returned, "reopened"];
    }
    case "open": {
      if (hasReturned(finding, observation)) {
        return [{ ...markReturned(current), state: "open" }, "recurred"];
      }
      if (!same) {
        const changed: Finding = { ...current, state: "open" };
        // A version by AWS can become a loss without another grant, when a policy of the role goes.
        const worse = hasWorsened(finding.evidence, evidence) || isWorse(body, current);
        if (worse) return [seekAuthor(changed, finding, observation), "worsened"];
        return evidence.kind === "drift" ? [changed, "improved"] : [changed];
      }
      if (unchanged) return [finding];
      const { refusal, retry, simulation } = finding;
      const kept: Finding = {
        ...current,
        state: "open",
        ...(refusal !== undefined && { refusal }),
        ...(retry && { retry }),
        ...(simulation !== undefined && { simulation }),
      };
      const uncovered = isByTrustedActor(finding, observation) && !isByTrustedActor(current, observation);
      if (uncovered || isWorse(body, current)) return [kept, "worsened"];
      return finding.causedBy === undefined && kept.causedBy ? [kept, "attributed"] : [kept];
    }
  }
}

/**
 * Returns a drift that got worse without the author of what it was before, unless the change shows who added to it: somebody
 * else may have. A trusted author stays: the drift is theirs in part.
 */
function seekAuthor(worse: Finding, before: Finding, observation: Observation): Finding {
  const { unattributed: _, ...sought } = worse;
  if (newAuthorOf(worse.evidence, before, observation) || isByTrustedActor(before, observation))
    return sought;
  const { causedBy: __, origin: ___, ...unknown } = sought;
  return unknown;
}

/**
 * Whether a drift is there again after it was rolled back: it is seen so long after the rollback that a read cannot be
 * older, or a later change of its part by somebody else explains it.
 */
function hasReturned(
  { rollback, evidence }: Finding,
  { now, settleSeconds, change, guardRole }: Observation,
): boolean {
  if (evidence.kind !== "drift" || rollback?.undone !== true || rollback.returned) return false;
  const { endedAt } = rollback;
  if (millisecondsBetween(endedAt, now) >= settleSeconds * 1000) return true;
  const author = authorOf(evidence, change);
  return (
    change !== undefined && author !== undefined && author.issuer !== guardRole && isLater(change.at, endedAt)
  );
}

// The drift's return is reported once for each rollback.
function markReturned(body: FindingBody): FindingBody {
  return body.rollback === undefined ? body : { ...body, rollback: { ...body.rollback, returned: true } };
}

// CloudTrail records times to the second.
function isLater(time: Instant, other: Instant): boolean {
  return Date.parse(time) >= Math.floor(Date.parse(other) / 1000) * 1000;
}

// Exceptions can begin or end to cover a part of the same evidence.
function isSameEvidence(before: Evidence, now: Evidence): boolean {
  return digestEvidence(before) === digestEvidence(now) && digestShown(before) === digestShown(now);
}

function digestShown(evidence: Evidence): string | undefined {
  if (evidence.kind !== "drift" || evidence.covered === undefined) return undefined;
  const { omitted: _, covered: __, ...shown } = evidence;
  return digestEvidence(shown);
}

function isSameFix(before: Evidence, now: Evidence): boolean {
  const fixOf = (evidence: Evidence) =>
    evidence.kind === "drift" ? JSON.stringify([evidence.fix, evidence.cure]) : undefined;
  return fixOf(before) === fixOf(now);
}

function clear(finding: Finding, observation: Observation): FindingUpdate {
  const { now, settleSeconds } = observation;
  if (finding.state === "resolved") return [finding];
  // No read of the role shows whether the guard's credentials are safe again: a person closes the finding.
  if (finding.evidence.kind === "impersonation") {
    if (isClosed(finding, observation)) return [{ ...bodyOf(finding), state: "resolved" }, "closed"];
    const isSuppressed = finding.state === "suppressed";
    if (isSuppressed === isExcepted(finding, observation)) return [finding];
    return isSuppressed
      ? [{ ...bodyOf(finding), state: "open" }, "reopened"]
      : [{ ...bodyOf(finding), state: "suppressed" }, "suppressed"];
  }
  if (finding.cleanSince === undefined) return [{ ...finding, cleanSince: now }];
  if (millisecondsBetween(finding.cleanSince, now) < settleSeconds * 1000) return [finding];
  return [{ ...bodyOf(finding), state: "resolved" }, "resolved"];
}

function isClosed(finding: Finding, { closures = [] }: Observation): boolean {
  return closures.some(
    ({ findingId, digest }) => findingId === finding.id && digest === digestEvidence(finding.evidence),
  );
}

// A drift that was absent and now cannot be observed may be present again: the count of clean reads starts over.
function shield(finding: Finding): Finding {
  if (cleanSinceOf(finding) === undefined || finding.state === "resolved") return finding;
  const { cleanSince: _, ...rest } = finding;
  return rest;
}

// A part that could not be read or compared may still have the drift, and a policy that is detached shows no version.
function isShielded({ evidence: { kind, part } }: Finding, evidence: readonly Evidence[]): boolean {
  return evidence.some(
    (other) =>
      (other.kind === "undecided" && (other.part.kind === "role" || isSamePart(other.part, part))) ||
      (kind === "vendor-change" &&
        other.kind === "drift" &&
        other.side === "missing" &&
        isSamePart(other.part, part)),
  );
}

function describeTransition(
  finding: Finding,
  kind: TransitionKind,
  observation: Observation,
  before: Finding | undefined,
  exception: EndingException | undefined,
): Transition {
  const { cause, evidence, released } = observation;
  const author = nameAuthor(finding, kind, observation, before);
  const gone = evidence.some(
    (piece) => piece.kind === "drift" && piece.part.kind === "role" && piece.side === "missing",
  );
  return {
    schema: 1,
    id: `${finding.id}#${finding.seq}`,
    kind,
    at: finding.updatedAt,
    cause,
    ...(author && { actor: author }),
    ...(kind === "resolved" && gone && { note: roleGone }),
    ...(kind === "resolved" && released && { note: roleReleased }),
    ...(kind === "reopened" && before?.state === "suppressed" && !exception && { note: noException }),
    ...(exception && { exception }),
    finding,
  };
}

function nameAuthor(
  finding: Finding,
  kind: TransitionKind,
  observation: Observation,
  before: Finding | undefined,
): Transition["actor"] {
  switch (kind) {
    case "resolved":
    case "improved":
    case "expiring":
      return undefined;
    case "attributed":
      return finding.causedBy;
    default:
      return newAuthorOf(finding.evidence, before, observation);
  }
}
