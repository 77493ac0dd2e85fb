import type { CompiledSide } from "../compiled/side.ts";
import type { Side } from "../model/comparison.ts";
import type { SearchSettings } from "../search/witness.ts";
import type { StepBudget } from "../support/step-budget.ts";
import type { OwnAccount } from "./own-requests.ts";

/** What both directions of one comparison share. */
interface DifferenceSettings extends SearchSettings {
  /** Steps for confirming examples. Separate from `budget`, so that confirming takes nothing from the search. */
  readonly proofs: StepBudget;
  /** The permissions boundary that each grant is checked against, if there is one. */
  readonly boundary: CompiledSide | undefined;
}

/** One direction of a comparison: the left side minus the right side. */
export interface Direction {
  readonly left: CompiledSide;
  readonly right: CompiledSide;
  /** Which side of the comparison `left` is. */
  readonly side: Side;
  readonly settings: DifferenceSettings;
  /** Set where conditions of the right side may be hardening: whose account and organisation they must name. */
  readonly hardening?: OwnAccount;
}
