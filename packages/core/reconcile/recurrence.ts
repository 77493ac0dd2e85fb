import { nameActor } from "../config/trusted-actor.ts";
import { subtractGrants } from "../evaluate/coverage.ts";
import { saysMore } from "../evaluate/remarks.ts";
import type { Attempt, Evidence } from "../model/evidence.ts";
import type { Finding } from "../model/finding.ts";
import { digestEvidence, serialiseGrants } from "../model/identity.ts";
import { isBefore, millisecondsBetween } from "../model/instant.ts";
import type { Observation } from "./observation.ts";

/** Whether a note about a call is already recorded: the same call, or an earlier one that arrived late. */
export function isKnownNote(before: Evidence, now: Evidence): boolean {
  if (before.kind !== "note" || now.kind !== "note") return false;
  if (before.at === undefined || now.at === undefined) return false;
  return isBefore(now.at, before.at) || digestEvidence(before) === digestEvidence(now);
}

// Rate-limits repeated refused calls by one actor, and failures of many jobs.
const repeatMinutes = 15;

/**
 * Whether evidence repeats what was reported within 15 minutes: a refused call with the same call, error code and actor, or
 * another failed job that no role explains.
 */
export function isRepeat(
  { evidence: before, updatedAt }: Finding,
  evidence: Evidence,
  { now }: Observation,
): boolean {
  return areAlike(before, evidence) && millisecondsBetween(updatedAt, now) < repeatMinutes * 60_000;
}

function areAlike(before: Evidence, now: Evidence): boolean {
  if (before.kind === "note" && now.kind === "note") {
    return before.topic === "unexplained-symptom" && now.topic === "unexplained-symptom";
  }
  if (before.kind !== "attempt" || now.kind !== "attempt") return false;
  const alike = ({ call, code, actor }: typeof now) => JSON.stringify([call, code, nameActor(actor)]);
  return before.changeId !== now.changeId && alike(before) === alike(now);
}

/** Whether evidence is about a call rather than about the state of a role. */
export function isCallEvidence({ kind }: Evidence): boolean {
  return kind === "attempt" || kind === "impersonation";
}

const maxEarlierCalls = 32;

/**
 * Returns the evidence to record: the later one. For calls it keeps the change ids of up to 32 earlier calls; after that
 * many, a call from before the recorded one may be a copy of one that is forgotten, and is not counted.
 */
export function continueEvidence(before: Evidence, now: Evidence): Evidence {
  if (now.kind !== "attempt" && now.kind !== "impersonation") return now;
  if (before.kind !== now.kind) return now;
  if (before.changeId === now.changeId || before.earlier.includes(now.changeId)) return before;
  if (before.earlier.length >= maxEarlierCalls && isBefore(now.at, before.at)) return before;
  const earlier = [before.changeId, ...before.earlier].slice(0, maxEarlierCalls);
  if (now.kind !== "attempt" || before.kind !== "attempt") return { ...now, earlier };
  return { ...now, earlier, callers: countCallers(before, now) };
}

const maxCallers = 10;
const maxNames = 5;
// Calls of one caller with longer pauses are counted anew.
const pauseMinutes = 60;

function countCallers(before: Attempt, now: Attempt): NonNullable<Attempt["callers"]> {
  const first = ({ actor, at, call }: Attempt) => ({
    caller: nameActor(actor),
    calls: 1,
    firstAt: at,
    lastAt: at,
    names: [call],
  });
  const known = before.callers ?? [first(before)];
  const fresh = first(now);
  const last = known.find(({ caller }) => caller === fresh.caller);
  const continues =
    last !== undefined && Math.abs(millisecondsBetween(last.lastAt, now.at)) < pauseMinutes * 60_000;
  const counted = continues
    ? {
        ...last,
        calls: last.calls + 1,
        names: [...new Set([now.call, ...(last.names ?? [])])].slice(0, maxNames),
        firstAt: isBefore(now.at, last.firstAt) ? now.at : last.firstAt,
        lastAt: isBefore(last.lastAt, now.at) ? now.at : last.lastAt,
      }
    : fresh;
  return [counted, ...known.filter(({ caller }) => caller !== fresh.caller)].slice(0, maxCallers);
}

/**
 * Whether the later evidence says anything that the earlier did not: a request that no earlier grant contained, another Deny,
 * detail or call. A grant of which only some requests are left is nothing new, and neither is the detail that the drift became
 * harmless.
 */
export function hasWorsened(before: Evidence, now: Evidence): boolean {
  const had = new Set(formatFacts(before));
  const isDrift = before.kind === "drift" && now.kind === "drift";
  if (isDrift && saysMore(now.detail, before.detail)) return true;
  const fresh = formatFacts(now).filter((line) => !had.has(line) && !(isDrift && line === now.detail));
  if (fresh.length === 0) return false;
  if (!isDrift) return true;
  const grants = new Set(serialiseGrants(now.grants));
  const mitigation = now.harmless && !before.harmless ? now.detail : undefined;
  const others = fresh.filter((line) => !grants.has(line) && line !== mitigation);
  return others.length > 0 || subtractGrants(now.grants, before.grants).length > 0;
}

function formatFacts(evidence: Evidence): readonly string[] {
  // What was cut may have grown: a grant that is not recorded counts as another one.
  const cut = "omitted" in evidence && evidence.omitted ? [`cut ${evidence.omitted.digest}`] : [];
  return [...cut, ...formatEntries(evidence)];
}

function formatEntries(evidence: Evidence): readonly string[] {
  switch (evidence.kind) {
    case "drift":
      return [
        ...serialiseGrants(evidence.grants),
        ...serialiseGrants(evidence.denies).map((deny) => `deny ${deny}`),
        ...(evidence.detail === undefined ? [] : [evidence.detail]),
      ];
    case "vendor-change":
      return [
        ...serialiseGrants(evidence.added),
        ...serialiseGrants(evidence.removed).map((grant) => `gone ${grant}`),
      ];
    case "note":
      return [...evidence.details, ...serialiseGrants(evidence.grants)];
    case "undecided":
      // A new reason why a part is undecided makes nothing worse.
      return [];
    case "attempt":
    case "impersonation":
      return [evidence.changeId];
  }
}
