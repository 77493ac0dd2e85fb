/** One condition of a statement: the key's values are compared by the operator, several values as IAM combines them. */
export interface Condition {
  /** In IAM's spelling, with its qualifier and suffix: `ForAnyValue:StringLikeIfExists`. */
  readonly operator: string;
  /** Lower-cased: condition keys are case-insensitive. */
  readonly key: string;
  /** Sorted, without doubles. */
  readonly values: readonly string[];
}

/** A principal as a policy names it; `*` of type `AWS` is everybody. */
export interface PolicyPrincipal {
  readonly type: "AWS" | "Service" | "Federated" | "CanonicalUser";
  readonly id: string;
}

/** A request that can be decided: what `decide` takes, and what a grant shows as its example. */
export interface PolicyRequest {
  readonly principal?: PolicyPrincipal;
  readonly action: string;
  /** Left out for trust policies, which have no resource. */
  readonly resource?: string;
  /** By lower-cased condition key; a key that is not here is absent from the request. A list is a multivalued key. */
  readonly context: Readonly<Record<string, string | readonly string[]>>;
}

/** Where in which document of a side a statement stands, both counted from 0. */
export interface StatementRef {
  readonly document: number;
  readonly statement: number;
  readonly sid?: string;
}

/** How much of a grant lies within a permissions boundary. */
export type BoundaryRemains = "all" | "part" | "none" | "undecided";

/**
 * What a policy gives: every combination of its actions, resources and principals, under all its conditions.
 *
 * It is a block, not a single combination, so that 60 actions on one resource are one grant to read and to store.
 * Patterns are as IAM writes them (`ec2:Describe*`); lists are sorted and without doubles.
 */
export interface Grant {
  readonly actions: readonly string[];
  /** Carved out of `actions`: `s3:*` but `s3:Get*`. */
  readonly exceptActions?: readonly string[];
  /** Absent in a trust policy. */
  readonly resources?: readonly string[];
  readonly exceptResources?: readonly string[];
  /** Absent in an identity policy. */
  readonly principals?: readonly PolicyPrincipal[];
  readonly exceptPrincipals?: readonly PolicyPrincipal[];
  readonly conditions: readonly Condition[];
  /** Carved out: what meets all conditions of one of these. */
  readonly exceptConditions?: readonly (readonly Condition[])[];
  /** Perhaps not all of it; without this, each of its requests is one that the two sides decide differently. */
  readonly partly?: true;
  /** One request that one side allows (or denies) and the other does not, confirmed by `decide`. */
  readonly example?: PolicyRequest;
  /** What the boundary leaves of it; only where `ComparisonOptions.boundary` was given. */
  readonly remains?: BoundaryRemains;
  /** The statements of the side that gives it. */
  readonly statements: readonly StatementRef[];
  /** The statements of the other side that come closest to its example; left out where none is about the action. */
  readonly nearest?: readonly StatementRef[];
}
