import type { Actor } from "./actor.ts";
import type { Change } from "./change.ts";
import type { Config } from "./config.ts";
import type { Exception } from "./control.ts";
import { digestEvidence, identifyFinding, printGrants } from "./digest.ts";
import type { Evidence, NoteTopic } from "./evidence.ts";
import { type Finding, Severity } from "./finding.ts";
import type { Ledger } from "./ledger.ts";
import { isChosen, rateSeverity } from "./severity.ts";
import { type Cause, roleGone, type Transition, type TransitionKind } from "./transition.ts";
import { isTrusted, nameActor } from "./trusted-actor.ts";
import { type RoleUse, tellUses, weighSeverity } from "./usage.ts";
import { authorOf } from "./written-part.ts";

/** What a look at a role gave, and what led to it. */
export interface Observation {
  readonly ledger: Ledger;
  readonly evidence: readonly Evidence[];
  readonly exceptions: readonly Exception[];
  readonly cause: Cause;
  /** What is known to use the role; left out where that was not asked. */
  readonly uses?: readonly RoleUse[];
  /** The change that made the guard look: it names who caused what it wrote, and nothing else. */
  readonly change?: Change;
  /** The owner's say about severities and trusted actors; none where left out. */
  readonly config?: Pick<Config, "severities" | "trustedActors">;
  /** The role's ARN, where it could be read. */
  readonly arn?: string;
  /** Name of the reference that it was compared with; left out where none has that name. */
  readonly reference?: string;
  /** ISO 8601. */
  readonly now: string;
  /** Seconds that must lie between two clean reads before a finding resolves: IAM is eventually consistent. */
  readonly settleSeconds: number;
}

/** What follows from a look at a role. */
export interface Reconciliation {
  /** The very ledger that was given where nothing changed. */
  readonly ledger: Ledger;
  readonly transitions: readonly Transition[];
  /** Whether a finding waits for a second clean read. */
  readonly recheck: boolean;
}

/** Brings a ledger up to what was seen: findings open, grow, reopen, and resolve on the second clean read. */
export function reconcile(observation: Observation): Reconciliation {
  const { ledger, evidence } = observation;
  const seenById = new Map(evidence.map((piece) => [identifyFinding(ledger.role, piece), piece]));
  const transitions: Transition[] = [];
  const settle = (before: Finding | undefined, after: Finding, kind?: TransitionKind): Finding => {
    if (kind === undefined) return after;
    const told = { ...after, seq: (before?.seq ?? 0) + 1, updatedAt: observation.now };
    transitions.push(tell(told, kind, observation));
    return told;
  };

  const known = ledger.findings.map((finding) => {
    const piece = seenById.get(finding.id);
    seenById.delete(finding.id);
    if (piece) return settle(finding, ...confirm(finding, piece, observation));
    return isShielded(finding, evidence) ? shield(finding) : settle(finding, ...clear(finding, observation));
  });
  const fresh = [...seenById].map(([id, piece]) => settle(undefined, ...open(id, piece, observation)));

  const findings = [...known, ...fresh];
  const unchanged = fresh.length === 0 && known.every((finding, index) => finding === ledger.findings[index]);
  return {
    ledger: unchanged ? ledger : { ...ledger, findings },
    transitions,
    recheck: findings.some(({ state, cleanSince }) => state !== "resolved" && cleanSince !== undefined),
  };
}

type Verdict = [after: Finding, kind?: TransitionKind];

function open(id: string, evidence: Evidence, observation: Observation): Verdict {
  const { now, ledger } = observation;
  const author = authorOf(evidence, observation.change);
  const finding: Finding = {
    id,
    role: ledger.role,
    evidence,
    severity: rate(evidence, observation),
    ...(author && { causedBy: author }),
    state: "open",
    seq: 0,
    openedAt: now,
    updatedAt: now,
    ...tellSurroundings(undefined, evidence, observation),
  };
  return isExcepted(finding, observation)
    ? [{ ...finding, state: "suppressed" }, "suppressed"]
    : [finding, "opened"];
}

function confirm(finding: Finding, piece: Evidence, observation: Observation): Verdict {
  const evidence = succeed(finding.evidence, piece);
  // A copy of an event that was told already says nothing new, whatever the finding's state.
  if (evidence === finding.evidence && isCall(evidence)) return [finding];
  const same = digestEvidence(finding.evidence) === digestEvidence(evidence);
  if (isOldNews(finding.evidence, evidence)) return [finding];
  if (finding.state === "open" && isRepeat(finding, evidence, observation)) return [{ ...finding, evidence }];
  const { cleanSince, refusal, retry, ...rest } = finding;
  const current: Finding = {
    ...attribute(same ? rest : { ...rest, evidence }, observation, !same),
    severity: same && !observation.uses ? finding.severity : rate(evidence, observation),
    ...tellSurroundings(finding, evidence, observation),
  };
  const unchanged = same && cleanSince === undefined && isSameAround(finding, current);
  if (isExcepted(current, observation)) {
    if (finding.state === "suppressed" && unchanged) return [finding];
    const suppressed: Finding = { ...current, state: "suppressed" };
    return finding.state === "suppressed" ? [suppressed] : [suppressed, "suppressed"];
  }
  switch (finding.state) {
    case "resolved": {
      const { causedBy: _, ...anew } = current;
      const reopened: Finding = { ...anew, state: "open", openedAt: observation.now };
      return [attribute(reopened, observation, true), "reopened"];
    }
    case "suppressed":
      // The exception ended, or was for other evidence than this.
      return [{ ...current, state: "open" }, same ? "reopened" : "grew"];
    case "open": {
      if (!same) return grew(finding.evidence, evidence) ? [current, "grew"] : [current];
      if (unchanged) return [finding];
      const kept: Finding = {
        ...current,
        ...(refusal !== undefined && { refusal }),
        ...(retry && { retry }),
      };
      const uncovered = isCovered(finding, observation) && !isCovered(current, observation);
      return uncovered || isWorse(finding, current) ? [kept, "grew"] : [kept];
    }
  }
}

/** Names who caused the evidence, where the change shows it; `added` says whether there is more of it than before. */
function attribute(finding: Finding, observation: Observation, added: boolean): Finding {
  const { causedBy } = finding;
  const author = authorOf(finding.evidence, observation.change);
  if (!author) return finding;
  const kept =
    causedBy !== undefined &&
    (isCovered(finding, observation) ? added || trusts(author, observation) : !added);
  return kept ? finding : { ...finding, causedBy: author };
}

// Whoever adds to what a trusted actor did does not take it from him: undoing it would undo his part as well. But of
// two who wrote the very same, the one who is not trusted is named, or a trusted name would cover his doing.
function isCovered({ causedBy }: Finding, observation: Observation): boolean {
  return causedBy !== undefined && trusts(causedBy, observation);
}

function trusts(actor: Actor, { config }: Observation): boolean {
  return config !== undefined && isTrusted(actor, config);
}

function rate(evidence: Evidence, { ledger, uses, config }: Observation): Severity {
  const severity = rateSeverity(evidence, ledger.role, config);
  return uses && !isChosen(evidence, config) ? weighSeverity(severity, evidence, uses) : severity;
}

const mostSymptoms = 5;

/** What a finding says beside its evidence: which role it is, what uses it, and what of AWS Batch suffers from it. */
function tellSurroundings(
  before: Finding | undefined,
  evidence: Evidence,
  { uses, cause, ledger, reference, ...observation }: Observation,
): Pick<Finding, "arn" | "reference" | "usedBy" | "symptoms"> {
  const told = uses && tellUses(uses);
  // A role that is gone was last read for another finding.
  const arn = observation.arn ?? before?.arn ?? ledger.findings.findLast((known) => known.arn)?.arn;
  const symptom =
    cause.kind === "symptom" && explainsFailure(evidence)
      ? `${cause.at} ${cause.what}: ${cause.reason}`
      : undefined;
  const symptoms = [...new Set([...(symptom === undefined ? [] : [symptom]), ...(before?.symptoms ?? [])])];
  return {
    ...(arn !== undefined && { arn }),
    ...(reference !== undefined && { reference }),
    ...(told && { usedBy: told }),
    ...(symptoms.length > 0 && { symptoms: symptoms.slice(0, mostSymptoms) }),
  };
}

const harmless: readonly NoteTopic[] = [
  "unused-grants",
  "execution-role-as-job-role",
  "linked-role-edited",
  "unconfirmed-call",
];

/** Whether jobs may fail because of what a piece of evidence says: a role that gives too much keeps none from running. */
export function explainsFailure(evidence: Evidence): boolean {
  switch (evidence.kind) {
    case "drift":
      return evidence.side !== "excess";
    case "note":
      return !harmless.includes(evidence.topic);
    case "undecided":
      return true;
    case "vendor-change":
    case "attempt":
    case "impersonation":
      return false;
  }
}

function isSameAround(before: Finding, after: Finding): boolean {
  const around = ({ severity, arn, reference, usedBy, symptoms, causedBy }: Finding) =>
    JSON.stringify([severity, arn, reference, usedBy, symptoms, causedBy]);
  return around(before) === around(after);
}

// Told again where more suffers than before; further symptoms of what is known to hurt say nothing new.
function isWorse(before: Finding, after: Finding): boolean {
  const rank = ({ severity }: Finding) => Severity.options.indexOf(severity);
  return rank(after) < rank(before) || (after.symptoms !== undefined && before.symptoms === undefined);
}

// A note about a call is told once, and not for a copy that comes late.
function isOldNews(before: Evidence, now: Evidence): boolean {
  if (before.kind !== "note" || now.kind !== "note") return false;
  if (before.at === undefined || now.at === undefined) return false;
  return now.at < before.at || digestEvidence(before) === digestEvidence(now);
}

// Whoever tries the same again and again is told of once in a while, not with each call.
const repeatMinutes = 15;

function isRepeat(
  { evidence: before, updatedAt }: Finding,
  evidence: Evidence,
  { now }: Observation,
): boolean {
  if (before.kind !== "attempt" || evidence.kind !== "attempt") return false;
  const alike = ({ call, code, actor }: typeof evidence) => JSON.stringify([call, code, nameActor(actor)]);
  return (
    before.changeId !== evidence.changeId &&
    alike(before) === alike(evidence) &&
    Date.parse(now) - Date.parse(updatedAt) < repeatMinutes * 60_000
  );
}

function isCall({ kind }: Evidence): boolean {
  return kind === "attempt" || kind === "impersonation";
}

function clear(finding: Finding, observation: Observation): Verdict {
  const { now, settleSeconds } = observation;
  if (finding.state === "resolved") return [finding];
  // Nothing in the role shows whether the guard's credentials are back in the right hands: a person closes it.
  if (finding.evidence.kind === "impersonation") {
    if (finding.state === "suppressed" || !isExcepted(finding, observation)) return [finding];
    return [{ ...finding, state: "suppressed" }, "suppressed"];
  }
  if (finding.cleanSince === undefined) return [{ ...finding, cleanSince: now }];
  if (Date.parse(now) - Date.parse(finding.cleanSince) < settleSeconds * 1000) return [finding];
  const { cleanSince: _, refusal: __, retry: ___, ...rest } = finding;
  return [{ ...rest, state: "resolved" }, "resolved"];
}

// What was clean before and cannot be seen now may be back: the count of clean reads begins anew.
function shield(finding: Finding): Finding {
  if (finding.cleanSince === undefined) return finding;
  const { cleanSince: _, ...rest } = finding;
  return rest;
}

// What could not be read or compared this time may still be there.
function isShielded(finding: Finding, evidence: readonly Evidence[]): boolean {
  return evidence.some(
    ({ kind, part }) => kind === "undecided" && (part === "role" || part === finding.evidence.part),
  );
}

function isExcepted(finding: Finding, { exceptions, now }: Observation): boolean {
  return exceptions.some(
    ({ findingId, digest, expires }) =>
      findingId === finding.id && expires > now && digest === digestEvidence(finding.evidence),
  );
}

const remembered = 32;

/** The evidence that follows on earlier evidence: for calls, the latest call, with the ones before it remembered. */
function succeed(before: Evidence, now: Evidence): Evidence {
  if (now.kind !== "attempt" && now.kind !== "impersonation") return now;
  if (before.kind !== now.kind) return now;
  if (before.changeId === now.changeId || before.earlier.includes(now.changeId)) return before;
  return { ...now, earlier: [before.changeId, ...before.earlier].slice(0, remembered) };
}

function grew(before: Evidence, now: Evidence): boolean {
  if (digestEvidence(before) === digestEvidence(now)) return false;
  const had = new Set(printEvidence(before));
  return printEvidence(now).some((line) => !had.has(line));
}

function printEvidence(evidence: Evidence): readonly string[] {
  switch (evidence.kind) {
    case "drift":
      return [
        ...printGrants(evidence.grants),
        ...printGrants(evidence.denies).map((deny) => `deny ${deny}`),
        ...(evidence.detail === undefined ? [] : [evidence.detail]),
      ];
    case "vendor-change":
      return [
        ...printGrants(evidence.added),
        ...printGrants(evidence.removed).map((grant) => `gone ${grant}`),
      ];
    case "note":
      return [...evidence.details, ...printGrants(evidence.grants)];
    case "undecided":
      // Other words for not knowing are not more of it.
      return [];
    case "attempt":
    case "impersonation":
      return [evidence.changeId];
  }
}

function tell(finding: Finding, kind: TransitionKind, observation: Observation): Transition {
  const { cause, change, now, evidence } = observation;
  const author = kind === "resolved" ? undefined : authorOf(finding.evidence, change);
  const gone = evidence.some(
    (piece) => piece.kind === "drift" && piece.part === "role" && piece.side === "missing",
  );
  return {
    schema: 1,
    id: `${finding.id}#${finding.seq}`,
    kind,
    at: now,
    cause,
    ...(author && { actor: author }),
    ...(kind === "resolved" && gone && { note: roleGone }),
    finding,
  };
}
