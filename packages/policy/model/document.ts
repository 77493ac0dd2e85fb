import type { Condition, PolicyPrincipal } from "./grant.ts";

/** Only `2012-10-17` has policy variables. A document without a version is read as `2008-10-17`. */
export type PolicyVersion = "2008-10-17" | "2012-10-17";

/** What a statement lists for one dimension: Action, Resource or Principal. */
export interface Clause<Entry> {
  /** True for NotAction, NotResource and NotPrincipal: the clause selects everything except its entries. */
  readonly negated: boolean;
  /** As written, sorted, each once. An empty positive clause matches nothing. */
  readonly entries: readonly Entry[];
}

/** A condition of a statement, with the spelling in the document. */
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

/**
 * Marks what this package has parsed. No JSON text can contain the mark, so a stranger's object that has the members of a
 * parsed document is not taken for one. A copy by spread keeps the mark; a structured clone loses it and is refused.
 */
export const parsed: unique symbol = Symbol("parsed");

/** A policy as `parsePolicy` returns it. */
export interface PolicyDocument {
  readonly [parsed]: true;
  readonly version?: PolicyVersion;
  readonly id?: string;
  readonly statements: readonly PolicyStatement[];
}

/** A policy as JSON.parse returns it, in IAM's own form. Nothing but this shape is known of it before it is parsed. */
export interface PolicyObject {
  readonly Version?: unknown;
  readonly Id?: unknown;
  readonly Statement: unknown;
}

/** One policy: its text, the object that JSON.parse makes of the text, or the document that `parsePolicy` returns. */
export type PolicySource = PolicyDocument | PolicyObject | string;

/** One side of a comparison: a policy or a list of policies. An empty list allows nothing. */
export type PolicyInput = PolicySource | readonly PolicySource[];
