import type { Remainder } from "../compiled/combination.ts";
import type { CombinationVerdict } from "../compiled/question.ts";
import type { CompiledSide } from "../compiled/side.ts";
import { type CompiledStatement, makeCatchAll } from "../compiled/statement.ts";
import type { BoundaryRemains } from "../model/grant.ts";
import { createWitnessSearch, type SearchSettings } from "../search/witness.ts";
import type { Block } from "./grouping.ts";

/** A block of more combinations is `undecided`, unless the first ones show that a part remains. */
const maxCombinations = 200;

/**
 * Prepares the check of how much of a block a permissions boundary lets through. `ownDenies` are the denies of the side
 * that the blocks come from; a request that these deny counts neither as inside nor as outside the boundary.
 */
export function createBoundaryCheck(
  { allows, denies, reasons }: CompiledSide,
  ownDenies: readonly CompiledStatement[],
  { budget, ...others }: SearchSettings,
): (block: Block) => BoundaryRemains {
  const settings = { ...others, budget: { ...budget } };
  const findOutside = createWitnessSearch(
    { left: { denies: ownDenies }, right: { allows, denies } },
    settings,
  );
  const findInside = createWitnessSearch(
    {
      left: { denies: [...ownDenies, ...denies] },
      // The right side allows everything except what the boundary allows.
      right: { allows: [makeCatchAll([])], denies: allows },
    },
    settings,
  );
  return (block) => {
    if (reasons.length > 0) return "undecided";
    const outside = new Set<CombinationVerdict["kind"]>();
    const inside = new Set<CombinationVerdict["kind"]>();
    const combinations = listCombinations(block);
    for (const { combination, from } of combinations) {
      outside.add(findOutside(combination, from).kind);
      inside.add(findInside(combination, from).kind);
      if (outside.has("uncovered") && inside.has("uncovered")) return "part";
    }
    if (outside.has("undecided") || inside.has("undecided") || combinations.length > maxCombinations) {
      return "undecided";
    }
    return outside.has("uncovered") ? "none" : "all";
  };
}

/** The combinations of a block, one for each action; at most one more than are checked. */
function listCombinations(block: Block): readonly Pick<Remainder, "combination" | "from">[] {
  const combinations: Pick<Remainder, "combination" | "from">[] = [];
  for (const { combination, from, actions } of block) {
    for (const action of actions) {
      if (combinations.length > maxCombinations) return combinations;
      combinations.push({ combination: { ...combination, action }, from });
    }
  }
  return combinations;
}
