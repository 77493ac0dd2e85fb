import { type ConditionList, makeStatementRef, type Remainder } from "../compiled/combination.ts";
import type { CompiledStatement } from "../compiled/statement.ts";
import type { Side } from "../model/comparison.ts";
import type { Condition, Grant, PolicyRequest, StatementRef } from "../model/grant.ts";
import type { Pattern } from "../pattern/pattern.ts";
import { groupBy, uniqueBy } from "../support/unique.ts";
import { principalText, sortPrincipals } from "../syntax/canonical.ts";
import { conditionsText } from "./condition-refinement.ts";

/**
 * Remainders that make up one grant: every combination of their actions, resources and principals is among them, and
 * they agree in everything else.
 */
export type Block = readonly [Remainder, ...Remainder[]];

/** Remainders that cover every combination of some actions, resources and principals. */
interface Product {
  /** Everything else that the remainders agree in: conditions and exceptions, as numbers of equal lists. */
  readonly frame: string;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly principals: readonly string[];
  readonly remainders: Block;
}

const dimensions = ["actions", "resources", "principals"] as const;

/** Groups remainders into as few blocks as possible: 60 actions on one resource become one grant. */
export function groupRemainders(remainders: readonly Remainder[]): readonly Block[] {
  const number = createNumbering();
  let products: readonly Product[] = remainders.map((remainder) => createProduct(remainder, number));
  for (const dimension of dimensions.toReversed()) products = joinProducts(products, dimension);
  // Up to here, a remainder's list of actions counted as one: now two lists can together equal a third.
  const named = products.map((product) => ({
    ...product,
    actions: sortUnique(listActions(product.remainders).map(({ text }) => text)),
  }));
  return joinProducts(named, "resources").map((product) => product.remainders);
}

/** Returns the number of a list: the same for lists of the same items. Each list is printed once. */
type Numbering = <Item>(list: readonly Item[] | undefined, print: (item: Item) => string) => string;

function createNumbering(): Numbering {
  const lists = new Map<object, string>();
  const texts = new Map<string, string>();
  return (list, print) => {
    if (!list) return "";
    const known = lists.get(list);
    if (known) return known;
    const text = list.map(print).sort().join("\n");
    const number = texts.get(text) ?? String(texts.size);
    texts.set(text, number);
    lists.set(list, number);
    return number;
  };
}

function createProduct(remainder: Remainder, number: Numbering): Product {
  const { from, combination, actions } = remainder;
  const { action, resource, principal, partly, conditions, exceptConditions } = combination;
  const textOf = ({ text }: { readonly text: string }): string => text;
  const frame = [
    number(from.conditions, textOf),
    number(conditions, textOf),
    number(action.except, textOf),
    number(resource?.except, textOf),
    number(principal?.except, principalText),
    number(exceptConditions, conditionsText),
    partly,
  ];
  return {
    frame: frame.join(),
    actions: [number(actions, ({ selector }) => selector.text)],
    resources: resource ? [resource.selector.text] : [],
    principals: principal ? [principalText(principal.selector)] : [],
    remainders: [remainder],
  };
}

/** Joins products that differ only in one dimension. */
function joinProducts(
  products: readonly Product[],
  dimension: (typeof dimensions)[number],
): readonly Product[] {
  if (products.length < 2) return products;
  const others = dimensions.filter((one) => one !== dimension);
  const keyOf = (product: Product): string =>
    [product.frame, ...others.map((one) => product[one].join("\n"))].join("\n\n");
  return groupBy(products, keyOf).map((group) => {
    const [first, ...rest] = group;
    return {
      ...first,
      [dimension]: sortUnique(group.flatMap((one) => one[dimension])),
      remainders: [...first.remainders, ...rest.flatMap(({ remainders }) => remainders)],
    };
  });
}

function sortUnique(texts: readonly string[]): readonly string[] {
  return texts.length < 2 ? texts : [...new Set(texts)].sort();
}

/** The actions of a block. Many of its remainders share one list of them, which is read once. */
function listActions(block: Block): readonly Pattern[] {
  const lists = new Set(block.map(({ actions }) => actions));
  return [...lists].flatMap((actions) => actions.map(({ selector }) => selector));
}

/** Returns the grant of a block, with an example. */
export function makeGrant(block: Block, example: PolicyRequest): Grant {
  const [{ from, combination }] = block;
  const { conditions = [], exceptConditions, partly } = combination;
  const combinations = block.map((remainder) => remainder.combination);
  const resources = combinations.flatMap(({ resource }) => resource ?? []);
  const principals = combinations.flatMap(({ principal }) => principal ?? []);
  const exceptActions = printPatterns(combination.action.except);
  const exceptResources = printPatterns(resources[0]?.except ?? []);
  const exceptPrincipals = sortPrincipals(principals[0]?.except ?? []);
  return {
    actions: printPatterns(listActions(block)),
    ...(exceptActions.length > 0 && { exceptActions }),
    ...(resources.length > 0 && { resources: printPatterns(resources.map(({ selector }) => selector)) }),
    ...(exceptResources.length > 0 && { exceptResources }),
    ...(principals.length > 0 && { principals: sortPrincipals(principals.map(({ selector }) => selector)) }),
    ...(exceptPrincipals.length > 0 && { exceptPrincipals }),
    conditions: printConditions([...from.conditions, ...conditions]),
    ...(exceptConditions && { exceptConditions: exceptConditions.map(printConditions) }),
    ...(partly && { partly }),
    example,
    statements: listRefs(block),
  };
}

/** Returns all that a statement holds as a grant, without an example; the difference may be smaller. */
export function describeStatement(statement: CompiledStatement): Grant {
  const { actions, resources, principals, conditions } = statement;
  return {
    actions: printPatterns(actions.entries),
    ...(resources && { resources: printPatterns(resources.entries) }),
    ...(principals && { principals: sortPrincipals(principals.entries) }),
    conditions: printConditions(conditions),
    partly: true,
    statements: [makeStatementRef(statement)],
  };
}

function printConditions(conditions: ConditionList): readonly Condition[] {
  return uniqueBy(conditions, ({ text }) => text).map(({ written }) => written);
}

function printPatterns(patterns: readonly Pattern[]): readonly string[] {
  return uniqueBy(patterns, ({ text }) => text)
    .map(({ written }) => written)
    .sort();
}

/** References to the statements that some remainders come from, each once, in the order of the documents. */
export function listRefs(remainders: readonly Pick<Remainder, "from">[]): readonly StatementRef[] {
  const refs = remainders.map(({ from }) => makeStatementRef(from));
  return uniqueBy(refs, ({ document, statement }) => `${document} ${statement}`).sort(
    (one, other) => one.document - other.document || one.statement - other.statement,
  );
}

/** Cap on the output: more is noise. */
const maxStatements = 20;

/** References to the statements that some remainders come from, with their side; at most 20. */
export function referToStatements(
  remainders: readonly Pick<Remainder, "from">[],
  side: Side,
): readonly { readonly side: Side; readonly ref: StatementRef }[] {
  return listRefs(remainders)
    .slice(0, maxStatements)
    .map((ref) => ({ side, ref }));
}
