import type { CompiledCondition } from "../compiled/condition.ts";

/** The conditions on one key that a search has to take into account. */
export interface KeyConditions {
  readonly key: string;
  /** Conditions that must hold. */
  readonly held: readonly CompiledCondition[];
  /** Conditions of which the search makes some fail. */
  readonly failed: readonly CompiledCondition[];
  /** Whether a request may have several values of the key. */
  readonly isMultivalued: boolean;
  /** Whether the values of the key are true and false. */
  readonly isBoolean: boolean;
}
