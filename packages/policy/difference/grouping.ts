import {
  type Combination,
  type ConditionList,
  makeStatementRef,
  type Remainder,
} from "../compiled/combination.ts";
import type { Entry } from "../compiled/entry.ts";
import type { CompiledStatement } from "../compiled/statement.ts";
import type { Side } from "../model/comparison.ts";
import type { Condition, Grant, PolicyRequest, StatementRef } from "../model/grant.ts";
import type { Pattern } from "../pattern/pattern.ts";
import { groupBy, uniqueBy } from "../support/unique.ts";
import { principalText, sortPrincipals } from "../syntax/canonical.ts";
import { conditionsText } from "./refine-conditions.ts";

/** Residues that one grant tells: every combination of their actions, resources and principals is among them. */
export type Block = readonly [Remainder, ...Remainder[]];

/** Residues of one frame that stand for every combination of some actions, resources and principals. */
interface Product {
  readonly frame: string;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly principals: readonly string[];
  readonly remainders: Block;
}

/** Puts remainders together into as few blocks as say the same: 60 actions on one resource are one grant. */
export function groupRemainders(remainders: readonly Remainder[]): readonly Block[] {
  const number = makeNumbering();
  let products: readonly Product[] = remainders.map((remainder) => makeProduct(remainder, number));
  for (const dimension of ["principals", "resources", "actions"] as const)
    products = joinProducts(products, dimension);
  // Until here a group of actions was one: two groups can be a third one together.
  const named = products.map((product) => ({
    ...product,
    actions: unite(listActions(product.remainders).map(({ text }) => text)),
  }));
  return joinProducts(named, "resources").map((product) => product.remainders);
}

/** Numbers lists by what they say; each is printed once, however many remainders have it. */
type Numbering = <Item>(list: readonly Item[] | undefined, print: (item: Item) => string) => string;

function makeNumbering(): Numbering {
  const lists = new Map<object, string>();
  const texts = new Map<string, string>();
  return (list, print) => {
    if (list === undefined) return "";
    const known = lists.get(list);
    if (known !== undefined) return known;
    const text = list.map(print).sort().join("\n");
    const number = texts.get(text) ?? String(texts.size);
    texts.set(text, number);
    lists.set(list, number);
    return number;
  };
}

function makeProduct(remainder: Remainder, number: Numbering): Product {
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

/** Joins products that differ in one dimension alone. */
function joinProducts(
  products: readonly Product[],
  dimension: "actions" | "resources" | "principals",
): readonly Product[] {
  if (products.length < 2) return products;
  const others = dimensions.filter((one) => one !== dimension);
  const keyOf = (product: Product): string =>
    [product.frame, ...others.map((one) => product[one].join("\n"))].join("\n\n");
  return groupBy(products, keyOf).map(([first, ...rest]) => ({
    ...first,
    [dimension]: unite([first, ...rest].flatMap((one) => one[dimension])),
    remainders: [...first.remainders, ...rest.flatMap(({ remainders }) => remainders)],
  }));
}

function unite(texts: readonly string[]): readonly string[] {
  return texts.length < 2 ? texts : [...new Set(texts)].sort();
}

const dimensions = ["actions", "resources", "principals"] as const;

/** The actions of a block; many remainders have the same list of them. */
function listActions(block: Block): readonly Pattern[] {
  const groups = new Set(block.map(({ actions }) => actions));
  return [...groups].flatMap((actions) => actions.map(({ selector }) => selector));
}

/** A block as a grant, with the example that shows it. */
export function makeGrant(block: Block, example: PolicyRequest): Grant {
  const [{ from, combination }] = block;
  const combinations = block.map((remainder) => remainder.combination);
  const resources = combinations.flatMap(({ resource }) => resource ?? []);
  const principals = combinations.flatMap(({ principal }) => principal ?? []);
  const [except, exceptResources, exceptPrincipals] = [
    printExcepted(combinations.map(({ action }) => action)),
    printExcepted(resources),
    sortPrincipals(principals[0]?.except ?? []),
  ];
  return {
    actions: printPatterns(listActions(block)),
    ...(except.length > 0 && { exceptActions: except }),
    ...(resources.length > 0 && { resources: printPatterns(resources.map(({ selector }) => selector)) }),
    ...(exceptResources.length > 0 && { exceptResources }),
    ...(principals.length > 0 && { principals: sortPrincipals(principals.map(({ selector }) => selector)) }),
    ...(exceptPrincipals.length > 0 && { exceptPrincipals }),
    conditions: writeConditions(listConditions(from, combination)),
    ...(combination.exceptConditions && {
      exceptConditions: combination.exceptConditions.map(writeConditions),
    }),
    ...(combination.partly && { partly: true }),
    example,
    statements: listRefs(block),
  };
}

function listConditions(from: CompiledStatement, { conditions = [] }: Combination): ConditionList {
  return [...from.conditions, ...conditions];
}

function writeConditions(atoms: ConditionList): readonly Condition[] {
  return uniqueBy(atoms, ({ text }) => text).map(({ written }) => written);
}

function printExcepted(entries: readonly Entry<Pattern>[]): readonly string[] {
  return printPatterns(entries[0]?.except ?? []);
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
