import type { Remainder } from "../compiled/combination.ts";
import type { CombinationVerdict } from "../compiled/question.ts";
import type { CompiledSide } from "../compiled/side.ts";
import { type CompiledStatement, makeCatchAll } from "../compiled/statement.ts";
import type { BoundaryRemains } from "../model/grant.ts";
import { createWitnessSearch, type SearchSettings } from "../search/witness.ts";
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
    right: { allows: [makeCatchAll([])], denies: allows },
  };
  const findCut = createWitnessSearch(cut, settings);
  const findKept = createWitnessSearch(kept, settings);
  return (block) => {
    if (reasons.length > 0) return "undecided";
    const seen = { cut: new Set<CombinationVerdict["kind"]>(), kept: new Set<CombinationVerdict["kind"]>() };
    const cells = listCells(block);
    for (const { combination: cell, from } of cells) {
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
function listCells(block: Block): readonly Pick<Remainder, "combination" | "from">[] {
  const cells: Pick<Remainder, "combination" | "from">[] = [];
  for (const { combination: cell, from, actions } of block) {
    for (const action of actions) {
      if (cells.length > mostCells) return cells;
      cells.push({ combination: { ...cell, action }, from });
    }
  }
  return cells;
}
