import type { Condition, PolicyPrincipal } from "./grant.ts";

/** `2012-10-17` is the only version with policy variables; a document without a version is read as 2008. */
export type PolicyVersion = "2008-10-17" | "2012-10-17";

/** What a statement lists of one dimension: these entries, or everything but these (NotAction and its kin). */
export interface Clause<Entry> {
  readonly negated: boolean;
  /** As written, sorted, without doubles. An empty positive clause matches nothing. */
  readonly entries: readonly Entry[];
}

/** A condition of a statement, together with the spelling that it was written in. */
export interface StatementCondition extends Condition {
  readonly written: { readonly operator: string; readonly key: string };
}

/** One statement of a policy. */
export interface PolicyStatement {
  readonly sid?: string;
  readonly effect: "Allow" | "Deny";
  readonly actions: Clause<string>;
  /** Absent in a trust policy. */
  readonly resources?: Clause<string>;
  /** Absent in an identity policy. */
  readonly principals?: Clause<PolicyPrincipal>;
  readonly conditions: readonly StatementCondition[];
}

/** One side of a comparison: a document, its text, or a list of either; an empty list allows nothing. */
export type PolicyInput = PolicyDocument | string | readonly (PolicyDocument | string)[];

/** A policy document, read. */
export interface PolicyDocument {
  readonly version?: PolicyVersion;
  readonly id?: string;
  readonly statements: readonly PolicyStatement[];
}
