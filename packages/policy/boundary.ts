import type { Budget } from "./budget.ts";
import { everyAction, type PlacedStatement } from "./cell.ts";
import type { BoundaryRemains } from "./grant.ts";
import type { Block } from "./grouping.ts";
import { makeSeparator } from "./separation.ts";
import type { CompiledSide } from "./side.ts";
import type { CompiledStatement } from "./statement.ts";
import type { CellVerdict } from "./subtraction.ts";

/** Takes everything, so that only what is spared is left. */
const everything: CompiledStatement = {
  source: {
    effect: "Allow",
    actions: { negated: false, entries: ["*"] },
    resources: { negated: false, entries: ["*"] },
    conditions: [],
  },
  index: 0,
  actions: { negated: false, entries: [everyAction] },
  resources: undefined,
  principals: undefined,
  conditions: [],
  line: "",
  doubt: undefined,
};

const mostCells = 200;

/**
 * Says what a permissions boundary leaves of blocks of one side, whose own denies are `heldBack`: whether something of
 * a block lies within the boundary, and whether something lies outside.
 */
export function makeBoundary(
  { allows, denies }: CompiledSide,
  heldBack: readonly PlacedStatement[],
  partition: string,
  budget: Budget,
): (block: Block) => BoundaryRemains {
  const cut = { gives: [], heldBack, takes: allows, spares: denies };
  const kept = {
    gives: [],
    heldBack: [...heldBack, ...denies],
    takes: [{ document: 0, statement: everything }],
    spares: allows,
  };
  const findCut = makeSeparator(cut, partition, budget);
  const findKept = makeSeparator(kept, partition, budget);
  return (block) => {
    const seen = { cut: new Set<CellVerdict["kind"]>(), kept: new Set<CellVerdict["kind"]>() };
    for (const { cell, from } of block.slice(0, mostCells)) {
      seen.cut.add(findCut(cell, from).kind);
      seen.kept.add(findKept(cell, from).kind);
      if (seen.cut.has("left") && seen.kept.has("left")) return "part";
    }
    if (seen.cut.has("undecided") || seen.kept.has("undecided") || block.length > mostCells)
      return "undecided";
    return seen.cut.has("left") ? "none" : "all";
  };
}
