import type { Evidence } from "@drift-guard/core/model/evidence";
import type { Transition } from "@drift-guard/core/model/transition";

/**
 * The transition, or, where its JSON is larger than `bytes`, one that is still a transition and fits: of each list of
 * its evidence the first entries are kept, and its note says how many are not told. The stored finding has them all.
 */
export function shortenTransition(transition: Transition, bytes: number): Transition {
  if (jsonBytes(transition) <= bytes) return transition;
  const longest = Math.max(...listsOf(transition.finding.evidence).map((list) => list.length), 0);
  for (let most = longest >> 1; most > 0; most >>= 1) {
    const slim = keepFirst(transition, most);
    if (jsonBytes(slim) <= bytes) return slim;
  }
  return keepFirst(transition, 0);
}

/** Bytes of a value as JSON in UTF-8. */
export function jsonBytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}

function keepFirst(transition: Transition, most: number): Transition {
  const { finding } = transition;
  const evidence = cutEvidence(finding.evidence, most);
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

function cutEvidence(evidence: Evidence, most: number): Evidence {
  switch (evidence.kind) {
    case "drift":
      return {
        ...evidence,
        grants: evidence.grants.slice(0, most),
        denies: evidence.denies.slice(0, most),
      };
    case "vendor-change":
      return {
        ...evidence,
        added: evidence.added.slice(0, most),
        removed: evidence.removed.slice(0, most),
      };
    case "note":
      return { ...evidence, grants: evidence.grants.slice(0, most) };
    case "undecided":
      return { ...evidence, reasons: evidence.reasons.slice(0, most) };
    case "attempt":
    case "impersonation":
      return { ...evidence, earlier: evidence.earlier.slice(0, most) };
  }
}
