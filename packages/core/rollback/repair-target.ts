import type { Comparison } from "@drift-guard/policy/comparison";
import type { GuardedRole } from "../config/config.ts";
import type { LivePolicy } from "../model/managed-policy.ts";
import type { Step } from "../model/plan.ts";
import type { Role } from "../model/role.ts";
import type { Reference } from "../reference/reference.ts";

/** The role to repair, and what it should be. */
export interface RepairTarget {
  /** As it is after the steps that are planned already. */
  readonly role: Role;
  /** In the role's partition. */
  readonly reference: Reference;
  readonly guarded: GuardedRole;
  /** Compares a policy with everything that the role may have (`compareWithPermitted`). */
  readonly compare: (text: string) => Comparison;
  /** What people accepted of the drift, as a policy; left out if nothing. `compare` and `permitted` allow it too. */
  readonly accepted?: string;
  /** Policies with what the role needs: the reference's floor, and what job definitions need. */
  readonly needed: readonly string[];
  /** The inline policies that have no excess, or lost it by the steps that are planned already. */
  readonly kept: readonly string[];
  /**
   * Policies with all that the role may have once its excess is removed: its reference, what it needs, and its policies
   * without excess or with excess that a person accepted or the owner leaves.
   */
  readonly permitted: readonly string[];
  /** The inline policies whose Denies may be written in other words, by name. */
  readonly rewritable: readonly string[];
  /** Customer-managed policies as they are now, by ARN. */
  readonly policies: ReadonlyMap<string, LivePolicy>;
}

/** How a drift is repaired. */
export type Repair =
  | { readonly kind: "steps"; readonly steps: readonly Step[]; readonly note?: string }
  /** No call repairs it, and nothing has to be said about that. */
  | { readonly kind: "none" }
  /** The guard does not repair it; `reason` says why, as sentences. */
  | { readonly kind: "refused"; readonly reason: string };
