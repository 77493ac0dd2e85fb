import { nameActor } from "../config/trusted-actor.ts";
import type { Evidence } from "../model/evidence.ts";
import type { Finding } from "../model/finding.ts";
import { digestEvidence, printGrants } from "../model/identity.ts";
import { isBefore, millisecondsBetween } from "../model/instant.ts";
import type { Observation } from "./observation.ts";

/** Whether a note about a call was told already: a copy that comes late says nothing new. */
export function isKnownNote(before: Evidence, now: Evidence): boolean {
  if (before.kind !== "note" || now.kind !== "note") return false;
  if (before.at === undefined || now.at === undefined) return false;
  return isBefore(now.at, before.at) || digestEvidence(before) === digestEvidence(now);
}

// Whoever tries the same again and again is told of once in a while, not with each call.
const repeatMinutes = 15;

/** Whether a refused call is the last one over again. */
export function isRepeat(
  { evidence: before, updatedAt }: Finding,
  evidence: Evidence,
  { now }: Observation,
): boolean {
  if (before.kind !== "attempt" || evidence.kind !== "attempt") return false;
  const alike = ({ call, code, actor }: typeof evidence) => JSON.stringify([call, code, nameActor(actor)]);
  return (
    before.changeId !== evidence.changeId &&
    alike(before) === alike(evidence) &&
    millisecondsBetween(updatedAt, now) < repeatMinutes * 60_000
  );
}

/** Whether evidence is a call, and not how a role is. */
export function isCallEvidence({ kind }: Evidence): boolean {
  return kind === "attempt" || kind === "impersonation";
}

const maxEarlierCalls = 32;

/** The evidence that follows on earlier evidence: for calls, the latest call, with the ones before it remembered. */
export function continueEvidence(before: Evidence, now: Evidence): Evidence {
  if (now.kind !== "attempt" && now.kind !== "impersonation") return now;
  if (before.kind !== now.kind) return now;
  if (before.changeId === now.changeId || before.earlier.includes(now.changeId)) return before;
  return { ...now, earlier: [before.changeId, ...before.earlier].slice(0, maxEarlierCalls) };
}

/** Whether the later evidence says anything that the earlier did not: another grant, Deny, detail or call. */
export function hasWorsened(before: Evidence, now: Evidence): boolean {
  if (digestEvidence(before) === digestEvidence(now)) return false;
  const had = new Set(formatFacts(before));
  return formatFacts(now).some((line) => !had.has(line));
}

function formatFacts(evidence: Evidence): readonly string[] {
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
