import type { PolicyRequest } from "../model/grant.ts";
import type { CompiledStatement } from "./statement.ts";

/** The statements of one side by their effect. */
export interface SideStatements {
  readonly allows: readonly CompiledStatement[];
  readonly denies: readonly CompiledStatement[];
}

/**
 * Asks which requests the left side allows and the right side does not. A side allows a request if one of its `allows`
 * matches it and none of its `denies` does. To ask which requests are denied, put the Deny statements in `allows`.
 */
export interface Question {
  readonly left: SideStatements;
  readonly right: SideStatements;
}

/** The answer to a question for one combination of the left side. */
export type CombinationVerdict =
  /** The right side allows every request of it that the left side allows. */
  | { readonly kind: "covered" }
  /** The left side allows the example, and the right side does not. */
  | { readonly kind: "uncovered"; readonly example: PolicyRequest }
  | {
      readonly kind: "undecided";
      readonly code: "unsupported" | "budget" | "unproven";
      /** One sentence for a person. */
      readonly message: string;
    };
