import type { Atom } from "../compiled/condition.ts";

/** The atoms on one key: those that must hold, and those of which some should not. */
export interface KeyAtoms {
  readonly key: string;
  readonly held: readonly Atom[];
  readonly failed: readonly Atom[];
  /** Whether a request may have several values of it. */
  readonly isSeveral: boolean;
  /** Whether its values are true and false. */
  readonly isTruth: boolean;
}
