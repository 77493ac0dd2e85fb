import fc from "fast-check";
import { drawConditionBlock, listOf, mostly, oneOf } from "./drawn-conditions.ts";
import {
  actions,
  oddActions,
  oddResources,
  principals,
  resources,
  trustActions,
  variableResources,
} from "./drawn-names.ts";
import { type KeyFamily, keyFamilies } from "./key-families.ts";

/** A drawn statement. Its texts are chosen so that patterns and requests often match. */
export interface DrawnStatement {
  readonly Effect: "Allow" | "Deny";
  readonly [element: string]: unknown;
}

/** A drawn policy, in the form of its JSON. */
export interface DrawnPolicy {
  readonly Version?: string;
  readonly Statement: readonly DrawnStatement[];
}

/** A kind of policy to draw. */
export interface PolicyKind {
  /** A trust policy: with principals, without resources. */
  readonly trust: boolean;
  /** Whether its texts can contain policy variables. */
  readonly variables: boolean;
  /** A policy of a resource: with principals and resources. */
  readonly hasPrincipalsAndResources?: true;
  /** The partition of bare account ids; `aws` by default. */
  readonly partition?: string;
  /** The families of its condition keys; all by default. */
  readonly families?: readonly KeyFamily[];
}

/** The kinds of policy by name. */
export const policyKinds = {
  identity: { trust: false, variables: false },
  trust: { trust: true, variables: false },
  variables: { trust: false, variables: true },
  resource: { trust: false, variables: false, hasPrincipalsAndResources: true },
  china: { trust: true, variables: true, partition: "aws-cn" },
} as const satisfies Readonly<Record<string, PolicyKind>>;

/** Draws the one or two key families of a pair: with few keys, conditions often use the same one. */
export function drawFocus<Some extends PolicyKind>(
  kind: Some,
): fc.Arbitrary<Some & { readonly families: readonly KeyFamily[] }> {
  return fc.shuffledSubarray([...keyFamilies], { minLength: 1, maxLength: 2 }).map((families) => ({
    ...kind,
    families: kind.variables ? [...keyFamilies.slice(0, 1), ...families] : families,
  }));
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

/** Draws a statement that can use every element of the grammar. */
export function drawStatement({
  trust,
  variables,
  hasPrincipalsAndResources: both,
  families = keyFamilies,
}: PolicyKind): fc.Arbitrary<DrawnStatement> {
  const element = (name: string, drawn: fc.Arbitrary<unknown>) =>
    fc
      .tuple(fc.nat(49), drawn)
      .map(([odds, entries]) =>
        odds < 6
          ? { [`Not${name}`]: entries }
          : { [name]: odds === 49 && name !== "Principal" ? [] : entries },
      );
  const where = mostly(
    6,
    oneOf(variables ? [...resources, ...variableResources] : resources),
    oneOf(oddResources),
  );
  const what = trust ? oneOf(trustActions) : mostly(8, oneOf(actions), oneOf(oddActions));
  const nothing = fc.constant({});
  return fc
    .tuple(
      fc.nat(9),
      element("Action", listOf(what)),
      trust ? nothing : element("Resource", listOf(where)),
      trust || both ? element("Principal", drawPrincipals) : nothing,
      fc.option(drawConditionBlock(families, variables), { nil: undefined }),
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
export function drawPolicy(kind: PolicyKind): fc.Arbitrary<DrawnPolicy> {
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
