import type { PolicyRequest } from "../model/grant.ts";
import type { CompiledStatement } from "./statement.ts";

/** The statements of one side, by what they do to a request that they match. */
export interface SideStatements {
  readonly allows: readonly CompiledStatement[];
  readonly denies: readonly CompiledStatement[];
}

/**
 * The question which requests the left side allows and the right side does not. A side allows a request that one of its
 * `allows` matches and none of its `denies`. To ask which requests a side denies, put its Deny statements in `allows`.
 */
export interface Question {
  readonly left: SideStatements;
  readonly right: SideStatements;
}

/** Whether the right side allows every request of a combination that the left side allows. */
export type CombinationVerdict =
  /** It does. */
  | { readonly kind: "covered" }
  /** It does not: the left side allows the example, the right side does not. */
  | { readonly kind: "uncovered"; readonly example: PolicyRequest }
  | {
      readonly kind: "undecided";
      readonly code: "unsupported" | "budget" | "unproven";
      /** One sentence for a person. */
      readonly message: string;
    };
