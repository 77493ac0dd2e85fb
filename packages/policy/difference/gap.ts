import type { Combination } from "../compiled/combination.ts";
import type { CombinationVerdict } from "../compiled/question.ts";

/** A combination that the right side does not cover, with a request that shows it. */
export interface Gap {
  readonly combination: Combination;
  readonly verdict: CombinationVerdict & { readonly kind: "uncovered" };
}

/**
 * Replaces a gap by those of its parts that are gaps. The parts must hold everything that is uncovered in the gap. If a
 * part is undecided, the gap itself is returned, marked as `partly`.
 */
export function keepGaps(
  gap: Gap,
  parts: readonly Combination[],
  decide: (combination: Combination) => CombinationVerdict,
): readonly Gap[] {
  const decided = parts.map((combination) => ({ combination, verdict: decide(combination) }));
  if (decided.some(({ verdict }) => verdict.kind === "undecided")) return [markPartly(gap)];
  const kept = decided.flatMap(({ combination, verdict }) =>
    verdict.kind === "uncovered" ? [{ combination, verdict }] : [],
  );
  return kept.length > 0 ? kept : [gap];
}

/** Marks a gap that may hold requests that the right side covers. */
export function markPartly(gap: Gap): Gap {
  return { ...gap, combination: { ...gap.combination, partly: true } };
}
