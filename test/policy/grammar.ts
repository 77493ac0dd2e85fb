import fc from "fast-check";
import { drawCondition, listOf, oneOf, rarely } from "./drawn-conditions.ts";
import {
  actions,
  oddActions,
  oddResources,
  principals,
  resources,
  trustActions,
  variableResources,
} from "./drawn-names.ts";
import { type Topic, topics } from "./topics.ts";

/** One statement as the generators draw it; texts are chosen so that patterns and requests meet. */
export interface DrawnStatement {
  readonly Effect: "Allow" | "Deny";
  readonly [element: string]: unknown;
}

/** A drawn policy, to be written as JSON. */
export interface DrawnPolicy {
  readonly Version?: string;
  readonly Statement: readonly DrawnStatement[];
}

/** What a drawn policy is for. */
export interface Kind {
  /** A trust policy: it has principals and no resources. */
  readonly trust: boolean;
  /** Whether texts hold policy variables. */
  readonly variables: boolean;
  /** A policy of a resource: it has principals as well as resources. */
  readonly both?: true;
  /** Where bare account ids belong; `aws` when left out. */
  readonly partition?: string;
  /** What its conditions are about; anything when left out. */
  readonly about?: readonly Topic[];
}

/** Every kind of policy, by name. */
export const kinds = {
  identity: { trust: false, variables: false },
  trust: { trust: true, variables: false },
  variables: { trust: false, variables: true },
  resource: { trust: false, variables: false, both: true },
  china: { trust: true, variables: true, partition: "aws-cn" },
} as const satisfies Readonly<Record<string, Kind>>;

/** Draws what the conditions of a pair are about: on few keys they meet. */
export function drawFocus<Some extends Kind>(
  kind: Some,
): fc.Arbitrary<Some & { readonly about: readonly Topic[] }> {
  return fc
    .shuffledSubarray([...topics], { minLength: 1, maxLength: 2 })
    .map((about) => ({ ...kind, about: kind.variables ? [topics[0] ?? about[0], ...about] : about }));
}

const drawPrincipals = fc.oneof(
  { weight: 1, arbitrary: fc.constant("*") },
  {
    weight: 6,
    arbitrary: fc.record(
      {
        AWS: listOf(oneOf(principals.AWS)),
        Service: listOf(oneOf(principals.Service)),
        Federated: listOf(oneOf(principals.Federated)),
        CanonicalUser: listOf(oneOf(principals.CanonicalUser)),
      },
      { requiredKeys: [] },
    ),
  },
);

/** Draws a statement from the whole grammar. */
export function drawStatement({
  trust,
  variables,
  both,
  about = topics,
}: Kind): fc.Arbitrary<DrawnStatement> {
  const element = (name: string, drawn: fc.Arbitrary<unknown>) =>
    fc
      .tuple(fc.nat(49), drawn)
      .map(([odds, entries]) =>
        odds < 6
          ? { [`Not${name}`]: entries }
          : { [name]: odds === 49 && name !== "Principal" ? [] : entries },
      );
  const where = rarely(
    6,
    oneOf(variables ? [...resources, ...variableResources] : resources),
    oneOf(oddResources),
  );
  const what = trust ? oneOf(trustActions) : rarely(8, oneOf(actions), oneOf(oddActions));
  const nothing = fc.constant({});
  return fc
    .tuple(
      fc.nat(9),
      element("Action", listOf(what)),
      trust ? nothing : element("Resource", listOf(where)),
      trust || both ? element("Principal", drawPrincipals) : nothing,
      fc.option(drawCondition(about, variables), { nil: undefined }),
    )
    .map(([odds, action, resource, principal, condition]) => ({
      Effect: odds < 3 ? ("Deny" as const) : ("Allow" as const),
      ...action,
      ...resource,
      ...principal,
      ...(condition && { Condition: condition }),
    }));
}

/** Draws a policy of up to four statements. */
export function drawPolicy(kind: Kind): fc.Arbitrary<DrawnPolicy> {
  const versions = [
    "2012-10-17",
    "2012-10-17",
    "2012-10-17",
    "2012-10-17",
    "2012-10-17",
    "2012-10-17",
    "2008-10-17",
  ];
  return fc
    .tuple(
      fc.option(oneOf(versions), { freq: 12, nil: undefined }),
      fc.array(drawStatement(kind), { maxLength: 4 }),
    )
    .map(([version, statements]) => ({
      ...(version !== undefined && { Version: version }),
      Statement: statements,
    }));
}
