import type { Evidence } from "@drift-guard/core/model/evidence";
import type { Transition } from "@drift-guard/core/model/transition";

/**
 * Returns the transition unchanged if its JSON is at most `bytes` long; otherwise a copy that keeps the first entries of
 * each evidence list, with a note that says how many entries are missing. The stored finding has them all. The copy can
 * still be longer than `bytes` if the rest of the transition alone is.
 */
export function shortenTransition(transition: Transition, bytes: number): Transition {
  if (jsonBytes(transition) <= bytes) return transition;
  const longest = Math.max(...listsOf(transition.finding.evidence).map((list) => list.length), 0);
  for (let entries = longest >> 1; entries > 0; entries >>= 1) {
    const shorter = keepFirst(transition, entries);
    if (jsonBytes(shorter) <= bytes) return shorter;
  }
  return keepFirst(transition, 0);
}

/** Returns the length of a value's JSON in UTF-8 bytes. */
export function jsonBytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}

function keepFirst(transition: Transition, entries: number): Transition {
  const { finding } = transition;
  const evidence = shortenEvidence(finding.evidence, entries);
  const count = (of: Evidence) => listsOf(of).reduce((sum, list) => sum + list.length, 0);
  const all = count(finding.evidence);
  const cut =
    `Too large to be told whole: ${all - count(evidence)} of ${all} entries of its evidence are left out here. ` +
    "The stored finding has them all.";
  return {
    ...transition,
    note: transition.note === undefined ? cut : `${transition.note} ${cut}`,
    finding: { ...finding, evidence },
  };
}

function listsOf(evidence: Evidence): readonly (readonly unknown[])[] {
  switch (evidence.kind) {
    case "drift":
      return [evidence.grants, evidence.denies];
    case "vendor-change":
      return [evidence.added, evidence.removed];
    case "undecided":
      return [evidence.reasons];
    case "note":
      return [evidence.grants];
    case "attempt":
    case "impersonation":
      return [evidence.earlier];
  }
}

function shortenEvidence(evidence: Evidence, entries: number): Evidence {
  switch (evidence.kind) {
    case "drift":
      return {
        ...evidence,
        grants: evidence.grants.slice(0, entries),
        denies: evidence.denies.slice(0, entries),
      };
    case "vendor-change":
      return {
        ...evidence,
        added: evidence.added.slice(0, entries),
        removed: evidence.removed.slice(0, entries),
      };
    case "note":
      return { ...evidence, grants: evidence.grants.slice(0, entries) };
    case "undecided":
      return { ...evidence, reasons: evidence.reasons.slice(0, entries) };
    case "attempt":
    case "impersonation":
      return { ...evidence, earlier: evidence.earlier.slice(0, entries) };
  }
}
