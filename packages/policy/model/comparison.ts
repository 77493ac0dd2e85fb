import type { PolicyInput } from "./document.ts";
import type { Grant, StatementRef } from "./grant.ts";

/** One of the two sides of a comparison. */
export type Side = "candidate" | "reference";

/** Why a comparison, or a part of it, could not be decided. */
export interface UndecidedReason {
  /**
   * `syntax`: a document could not be read. `unsupported`: a statement has no certain meaning. `budget`: the steps ran
   * out. `unproven`: a difference was found, but no example that `decide` confirms.
   */
  readonly code: "syntax" | "unsupported" | "budget" | "unproven";
  /** One sentence for a person. */
  readonly message: string;
  readonly side?: Side;
  /** JSON path of a syntax error, such as `$.Statement[0].Action`. */
  readonly path?: string;
  readonly statements: readonly { readonly side: Side; readonly ref: StatementRef }[];
}

/** How the candidate's permissions relate to the reference's. Denies that change no permission do not count; latent grants do. */
export type Relation = "equal" | "wider" | "narrower" | "different" | "undecided";

/** A principal that a policy names by its unique id (`AROA…`, `AIDA…`): it was deleted and matches nobody. */
export interface DeletedPrincipal {
  readonly side: Side;
  readonly id: string;
  readonly statements: readonly StatementRef[];
}

/** A difference that allows or denies nothing, as far as is known on a date. */
export interface LatentGrant extends Grant {
  /** The side that has it; the other side does not. */
  readonly side: Side;
  readonly effect: "Allow" | "Deny";
  /**
   * `no-action`: no service has the actions. `no-pair`: no service accepts the actions on the resources, as `kms:Decrypt`
   * on a secret.
   */
  readonly cause: "no-action" | "no-pair";
  /** The cause as one sentence, with the date of the data that it comes from. */
  readonly reason: string;
}

/** The result of comparing a candidate with a reference by meaning. */
export interface Comparison {
  readonly relation: Relation;
  /** Allowed by the candidate, not by the reference. */
  readonly excess: readonly Grant[];
  /** Allowed by the reference, not by the candidate; without `hardening` and `possibleHardening`. */
  readonly missing: readonly Grant[];
  /**
   * Allowed by the reference, and taken away in the candidate only by confused-deputy conditions that the services meet
   * when they act for the own account (R9, T2, 2.10).
   */
  readonly hardening: readonly Grant[];
  /**
   * Allowed by the reference, and taken away in the candidate only by conditions on an organisation. Whether the own
   * account is in it cannot be told, because the options do not say so.
   */
  readonly possibleHardening: readonly Grant[];
  /** Denied by the candidate, not by the reference. */
  readonly deniesAdded: readonly Grant[];
  /** Denied by the reference, not by the candidate. */
  readonly deniesRemoved: readonly Grant[];
  /**
   * Differences without effect, which are in none of the other lists: pairs of action and resource that no service
   * accepts and, if `separateLatent` was called, action names that no service has.
   */
  readonly latent: readonly LatentGrant[];
  /** Deleted principals that either side names, whether or not the sides differ by them. */
  readonly dangling: readonly DeletedPrincipal[];
  readonly undecided: readonly UndecidedReason[];
}

/** What a comparison may assume, and how many steps it may take. */
export interface ComparisonOptions {
  /** A statement of the other kind is a syntax error. If left out, both kinds are read. */
  readonly kind?: "identity" | "trust";
  /** The candidate's account, 12 digits; conditions that name it may be hardening. */
  readonly account?: string;
  /** Id of the organisation that the candidate's account is in, such as `o-a1b2c3d4e5`. */
  readonly organization?: string;
  /**
   * The account's place in that organisation, as `aws:SourceOrgPaths` has it: `o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/`.
   * If several are listed, it is not known which of them.
   */
  readonly organizationPaths?: readonly string[];
  /** `aws` if left out. A bare account id stands for its root ARN in this partition. */
  readonly partition?: string;
  /** A permissions boundary. Policies are compared without it; each grant then says how much of it remains. */
  readonly boundary?: PolicyInput;
  /** How many steps the comparison may take before it is `undecided`. Steps, not seconds. */
  readonly budget?: number;
}
