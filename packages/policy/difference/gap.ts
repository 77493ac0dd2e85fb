import type { Cell } from "../compiled/cell.ts";
import type { CellVerdict } from "../compiled/question.ts";

/** A cell of which something is left. */
export interface Gap {
  readonly cell: Cell;
  readonly verdict: CellVerdict & { readonly kind: "uncovered" };
}

/** Those parts of a cell of which something is left, where there is nothing besides them; the whole if one is unclear. */
export function keepGaps(
  left: Gap,
  parts: readonly Cell[],
  decideCell: (cell: Cell) => CellVerdict,
): readonly Gap[] {
  const judged = parts.map((cell) => ({ cell, verdict: decideCell(cell) }));
  if (judged.some(({ verdict }) => verdict.kind === "undecided")) return [markPartly(left)];
  const kept = judged.flatMap(({ cell, verdict }) =>
    verdict.kind === "uncovered" ? [{ cell, verdict }] : [],
  );
  return kept.length > 0 ? kept : [left];
}

/** Marks a cell as one of which perhaps less than all is left. */
export function markPartly(left: Gap): Gap {
  return { ...left, cell: { ...left.cell, partly: true } };
}
