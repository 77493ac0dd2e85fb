import { principalText } from "./canonical.ts";
import { type Cell, type PlacedStatement, type Residue, refer } from "./cell.ts";
import type { Entry } from "./entry.ts";
import type { Condition, Grant, PolicyPrincipal } from "./grant.ts";
import type { Pattern } from "./pattern.ts";

/** Puts residues together into as few blocks as say the same: 60 actions on one resource are one grant. */
export function groupResidues(residues: readonly Residue[]): readonly Grant[] {
  return [...Map.groupBy(residues, ({ from }) => from)].flatMap(([from, own]) => {
    const rows = groupBy(own, ({ cell }) => `${actionText(cell)}\n${resourceText(cell)}`);
    const columns = groupBy(rows, (row) => `${actionText(row[0].cell)}\n${printSet(row, principalKey)}`);
    const blocks = groupBy(columns, (column) => {
      const cells = column.flat();
      return `${exceptText(cells[0])}\n${printSet(cells, ({ cell }) => resourceText(cell))}\n${printSet(cells, principalKey)}`;
    });
    return blocks.map((block) => makeGrant(block.flat(2), from));
  });
}

type Filled<Item> = readonly [Item, ...Item[]];

function groupBy<Item>(items: readonly Item[], key: (item: Item) => string): Filled<Item>[] {
  const groups = new Map<string, [Item, ...Item[]]>();
  for (const item of items) {
    const text = key(item);
    const group = groups.get(text);
    if (group === undefined) groups.set(text, [item]);
    else group.push(item);
  }
  return [...groups.values()];
}

function printSet(residues: readonly Residue[], key: (residue: Residue) => string): string {
  return [...new Set(residues.map(key))].sort().join("\n");
}

function actionText({ action }: Cell): string {
  return entryText(action, ({ text }) => text);
}

function exceptText(residue: Residue | undefined): string {
  return residue === undefined ? "" : residue.cell.action.except.map(({ text }) => text).join("|");
}

function resourceText({ resource }: Cell): string {
  return resource === undefined ? "" : entryText(resource, ({ text }) => text);
}

function principalKey({ cell: { principal } }: Residue): string {
  return principal === undefined ? "" : entryText(principal, principalText);
}

function entryText<Selector>(
  { selector, except }: Entry<Selector>,
  print: (selector: Selector) => string,
): string {
  return [selector, ...except].map(print).join("|");
}

function makeGrant(residues: readonly Residue[], from: PlacedStatement): Grant {
  const cells = residues.map(({ cell }) => cell);
  const [first] = residues;
  const resources = cells.flatMap(({ resource }) => (resource ? [resource] : []));
  const principals = cells.flatMap(({ principal }) => (principal ? [principal] : []));
  const exceptActions = listExcepted(cells.map(({ action }) => action)).map(({ written }) => written);
  const exceptResources = listExcepted(resources).map(({ written }) => written);
  const exceptPrincipals = listExcepted(principals);
  return {
    actions: printPatterns(cells.map(({ action }) => action.selector)),
    ...(exceptActions.length > 0 && { exceptActions: sortUnique(exceptActions) }),
    ...(resources.length > 0 && { resources: printPatterns(resources.map(({ selector }) => selector)) }),
    ...(exceptResources.length > 0 && { exceptResources: sortUnique(exceptResources) }),
    ...(principals.length > 0 && {
      principals: uniquePrincipals(principals.map(({ selector }) => selector)),
    }),
    ...(exceptPrincipals.length > 0 && { exceptPrincipals: uniquePrincipals(exceptPrincipals) }),
    conditions: from.statement.source.conditions.map(
      ({ operator, key, values }): Condition => ({ operator, key, values }),
    ),
    ...(first && { example: first.example }),
    statements: [refer(from)],
  };
}

function listExcepted<Selector>(entries: readonly Entry<Selector>[]): readonly Selector[] {
  return entries[0]?.except ?? [];
}

function printPatterns(patterns: readonly Pattern[]): readonly string[] {
  return sortUnique(patterns.map(({ written }) => written));
}

function sortUnique(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].sort();
}

function uniquePrincipals(principals: readonly PolicyPrincipal[]): readonly PolicyPrincipal[] {
  const byText = new Map(principals.map((principal) => [principalText(principal), principal]));
  return [...byText].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, principal]) => principal);
}
