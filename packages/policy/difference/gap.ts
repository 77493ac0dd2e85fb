import type { Combination } from "../compiled/combination.ts";
import type { CombinationVerdict } from "../compiled/question.ts";

/** A cell of which something is left. */
export interface Gap {
  readonly combination: Combination;
  readonly verdict: CombinationVerdict & { readonly kind: "uncovered" };
}

/** Those parts of a cell of which something is left, where there is nothing besides them; the whole if one is unclear. */
export function keepGaps(
  left: Gap,
  parts: readonly Combination[],
  decideCell: (cell: Combination) => CombinationVerdict,
): readonly Gap[] {
  const judged = parts.map((cell) => ({ cell, verdict: decideCell(cell) }));
  if (judged.some(({ verdict }) => verdict.kind === "undecided")) return [markPartly(left)];
  const kept = judged.flatMap(({ cell, verdict }) =>
    verdict.kind === "uncovered" ? [{ combination: cell, verdict }] : [],
  );
  return kept.length > 0 ? kept : [left];
}

/** Marks a cell as one of which perhaps less than all is left. */
export function markPartly(left: Gap): Gap {
  return { ...left, combination: { ...left.combination, partly: true } };
}
