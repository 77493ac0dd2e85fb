import type { CompiledCondition } from "../compiled/condition.ts";

/** The conditions on one key: those that must hold, and those of which some should not. */
export interface KeyConditions {
  readonly key: string;
  readonly held: readonly CompiledCondition[];
  readonly failed: readonly CompiledCondition[];
  /** Whether a request may have several values of it. */
  readonly isMultivalued: boolean;
  /** Whether its values are true and false. */
  readonly isBoolean: boolean;
}
