import type { PolicyInput } from "./document.ts";
import type { Grant, StatementRef } from "./grant.ts";

/** Which of the two sides of a comparison is meant. */
export type Side = "candidate" | "reference";

/** Why a comparison, or a part of it, could not be decided. */
export interface UndecidedReason {
  readonly code: "syntax" | "unsupported" | "budget" | "unproven";
  /** One sentence for a person, naming the thing. */
  readonly message: string;
  readonly side?: Side;
  /** JSON path of a syntax error, such as `$.Statement[0].Action`. */
  readonly path?: string;
  readonly statements: readonly { readonly side: Side; readonly ref: StatementRef }[];
}

/** How what the candidate allows relates to what the reference allows. */
export type Relation = "equal" | "wider" | "narrower" | "different" | "undecided";

/** A principal that a policy names by its unique id (`AROA…`, `AIDA…`): it was deleted, and nobody is it any more. */
export interface DeletedPrincipal {
  readonly side: Side;
  readonly id: string;
  readonly statements: readonly StatementRef[];
}

/** The outcome of comparing a candidate with a reference by meaning (design: comparing policies). */
export interface Comparison {
  readonly relation: Relation;
  /** Allowed by the candidate, not by the reference. */
  readonly excess: readonly Grant[];
  /** Allowed by the reference, not by the candidate; `hardening` is not among them. */
  readonly missing: readonly Grant[];
  /** Taken away only by confused-deputy conditions that name the own account or organisation (R9, T2, 2.10). */
  readonly hardening: readonly Grant[];
  /** Denied by the candidate, not by the reference. */
  readonly deniesAdded: readonly Grant[];
  /** Denied by the reference, no more by the candidate. */
  readonly deniesRemoved: readonly Grant[];
  /** Differences that touch only action names that no service has today. */
  readonly latent: readonly Grant[];
  /** Deleted principals that either side names, whether or not the sides differ by them. */
  readonly dangling: readonly DeletedPrincipal[];
  readonly undecided: readonly UndecidedReason[];
}

/** What a comparison may assume, and how much it may spend. */
export interface ComparisonOptions {
  /** Left out: whatever the documents hold. */
  readonly kind?: "identity" | "trust";
  /** The account that the candidate lives in, 12 digits: its id and its root ARN are then one principal. */
  readonly account?: string;
  /** The id of the organisation that the candidate's account is in, such as `o-a1b2c3d4e5`. */
  readonly organization?: string;
  /** `aws` when left out. */
  readonly partition?: string;
  /** A permissions boundary: policies are compared uncut, and each grant then says what this leaves of it. */
  readonly boundary?: PolicyInput;
  /** The most steps that a comparison may take before it says `undecided`; steps, not seconds. */
  readonly budget?: number;
}
