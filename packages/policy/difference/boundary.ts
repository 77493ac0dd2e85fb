import type { Residue } from "../compiled/cell.ts";
import type { CellVerdict } from "../compiled/question.ts";
import type { CompiledSide } from "../compiled/side.ts";
import { type CompiledStatement, makeEverything } from "../compiled/statement.ts";
import type { BoundaryRemains } from "../model/grant.ts";
import { makeSeparator, type SearchSettings } from "../search/witness.ts";
import type { Block } from "./grouping.ts";

const mostCells = 200;

/**
 * Says what a permissions boundary leaves of blocks of one side, whose own denies are `heldBack`: whether something of
 * a block lies within the boundary, and whether something lies outside.
 */
export function makeBoundary(
  { allows, denies, reasons }: CompiledSide,
  heldBack: readonly CompiledStatement[],
  { budget, ...others }: SearchSettings,
): (block: Block) => BoundaryRemains {
  const settings = { ...others, budget: { ...budget } };
  const cut = { left: { denies: heldBack }, right: { allows, denies } };
  const kept = {
    left: { denies: [...heldBack, ...denies] },
    // The right side allows everything but what the boundary allows.
    right: { allows: [makeEverything([])], denies: allows },
  };
  const findCut = makeSeparator(cut, settings);
  const findKept = makeSeparator(kept, settings);
  return (block) => {
    if (reasons.length > 0) return "undecided";
    const seen = { cut: new Set<CellVerdict["kind"]>(), kept: new Set<CellVerdict["kind"]>() };
    const cells = listCells(block);
    for (const { cell, from } of cells) {
      seen.cut.add(findCut(cell, from).kind);
      seen.kept.add(findKept(cell, from).kind);
      if (seen.cut.has("uncovered") && seen.kept.has("uncovered")) return "part";
    }
    if (seen.cut.has("undecided") || seen.kept.has("undecided") || cells.length > mostCells)
      return "undecided";
    return seen.cut.has("uncovered") ? "none" : "all";
  };
}

/** The cells of a block, one for each action; no more than tell that there are too many. */
function listCells(block: Block): readonly Pick<Residue, "cell" | "from">[] {
  const cells: Pick<Residue, "cell" | "from">[] = [];
  for (const { cell, from, actions } of block) {
    for (const action of actions) {
      if (cells.length > mostCells) return cells;
      cells.push({ cell: { ...cell, action }, from });
    }
  }
  return cells;
}
