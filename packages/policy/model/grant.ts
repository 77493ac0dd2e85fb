/** One condition of a statement. */
export interface Condition {
  /** In IAM's spelling, with qualifier and suffix: `ForAnyValue:StringLikeIfExists`. */
  readonly operator: string;
  /**
   * Lower-cased: condition keys are case-insensitive. In a grant, a key of an identity provider is as in the policy, for
   * example `token.actions.githubusercontent.com:sub`.
   */
  readonly key: string;
  /** Sorted, each once. */
  readonly values: readonly string[];
}

/** A principal as a policy names it; `*` of type `AWS` is everyone. */
export interface PolicyPrincipal {
  readonly type: "AWS" | "Service" | "Federated" | "CanonicalUser";
  readonly id: string;
}

/** A request that `decide` can decide; also the example of a grant. */
export interface PolicyRequest {
  readonly principal?: PolicyPrincipal;
  readonly action: string;
  /** Absent in requests to trust policies, which have no resource. */
  readonly resource?: string;
  /**
   * Values by condition key, keys in lower case. A key that is not listed is absent from the request. A list holds the
   * values of a multivalued key.
   */
  readonly context: Readonly<Record<string, string | readonly string[]>>;
}

/** The place of a statement in a side: number of the document and of the statement in it, from 0. */
export interface StatementRef {
  readonly document: number;
  readonly statement: number;
  readonly sid?: string;
}

/** How much of a grant a permissions boundary lets through. */
export type BoundaryRemains = "all" | "part" | "none" | "undecided";

/**
 * Permissions: every combination of some actions, resources and principals, under all its conditions.
 *
 * A grant is a block of combinations, so that 60 actions on one resource are one grant to read and to store. Patterns
 * are written as in IAM (`ec2:Describe*`); lists are sorted and hold each entry once.
 */
export interface Grant {
  readonly actions: readonly string[];
  /** Excluded from `actions`: `s3:Get*` of `s3:*`. */
  readonly exceptActions?: readonly string[];
  /** Absent in a trust policy. */
  readonly resources?: readonly string[];
  readonly exceptResources?: readonly string[];
  /** Absent in an identity policy. */
  readonly principals?: readonly PolicyPrincipal[];
  readonly exceptPrincipals?: readonly PolicyPrincipal[];
  readonly conditions: readonly Condition[];
  /** Excluded: requests that meet all conditions of one of these lists. */
  readonly exceptConditions?: readonly (readonly Condition[])[];
  /** Set if the two sides may agree on some requests of the grant. Otherwise they differ on every one. */
  readonly partly?: true;
  /** One request that one side allows (or denies) and the other does not, confirmed by `decide`. */
  readonly example?: PolicyRequest;
  /** How much of it the boundary lets through; present only with `ComparisonOptions.boundary`. */
  readonly remains?: BoundaryRemains;
  /** The statements that allow (or deny) it, on the side that does. */
  readonly statements: readonly StatementRef[];
  /** The other side's statements closest to matching the example; absent if none is about the action. */
  readonly nearest?: readonly StatementRef[];
}
