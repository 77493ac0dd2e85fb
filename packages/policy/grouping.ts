import { conditionText, principalText } from "./canonical.ts";
import { type Residue, refer } from "./cell.ts";
import type { Entry } from "./entry.ts";
import type { Condition, Grant, PolicyPrincipal, PolicyRequest, StatementRef } from "./grant.ts";
import type { Pattern } from "./pattern.ts";

/** Residues that one grant tells: every combination of their actions, resources and principals is among them. */
export type Block = readonly [Residue, ...Residue[]];

/** Puts residues together into as few blocks as say the same: 60 actions on one resource are one grant. */
export function groupResidues(residues: readonly Residue[]): readonly Block[] {
  const keyed = residues.map((residue) => ({ residue, ...readKeys(residue) }));
  return groupBy(keyed, ({ frame }) => frame).flatMap((framed) => {
    const rows = groupBy(framed, ({ action, resource }) => `${action}\n${resource}`);
    const columns = groupBy(
      rows,
      (row) => `${row[0].action}\n${printSet(row.map(({ principal }) => principal))}`,
    );
    const blocks = groupBy(columns, (column) => {
      const cells = column.flat();
      const [resources, principals] = [cells.map((one) => one.resource), cells.map((one) => one.principal)];
      return `${printSet(resources)}\n\n${printSet(principals)}`;
    });
    return blocks.flatMap((block) => {
      const [first, ...rest] = block.flat(2).map(({ residue }) => residue);
      return first === undefined ? [] : [[first, ...rest] as const];
    });
  });
}

/** What a block is told apart by: its frame (conditions, what is carved out, and whether that is all) and its place in three dimensions. */
function readKeys({ from, cell: { action, resource, principal, partly } }: Residue) {
  const carved = [
    action.except.map(({ text }) => text),
    resource?.except.map(({ text }) => text),
    principal?.except.map(principalText),
  ];
  const conditions = from.statement.conditions.map(({ text }) => text).sort();
  return {
    frame: JSON.stringify([conditions, carved, partly === true]),
    action: action.selector.text,
    resource: resource?.selector.text ?? "",
    principal: principal ? principalText(principal.selector) : "",
  };
}

function groupBy<Item>(items: readonly Item[], key: (item: Item) => string): (readonly [Item, ...Item[]])[] {
  const groups = new Map<string, [Item, ...Item[]]>();
  for (const item of items) {
    const text = key(item);
    const group = groups.get(text);
    if (group === undefined) groups.set(text, [item]);
    else group.push(item);
  }
  return [...groups.values()];
}

function printSet(texts: readonly string[]): string {
  return [...new Set(texts)].sort().join("\n");
}

/** A block as a grant, with the example that shows it. */
export function makeGrant(block: Block, example: PolicyRequest): Grant {
  const [{ from, cell }] = block;
  const cells = block.map((residue) => residue.cell);
  const resources = cells.flatMap(({ resource }) => resource ?? []);
  const principals = cells.flatMap(({ principal }) => principal ?? []);
  const [except, exceptResources, exceptPrincipals] = [
    printExcepted(cells.map(({ action }) => action)),
    printExcepted(resources),
    sortPrincipals(principals[0]?.except ?? []),
  ];
  return {
    actions: printPatterns(cells.map(({ action }) => action.selector)),
    ...(except.length > 0 && { exceptActions: except }),
    ...(resources.length > 0 && { resources: printPatterns(resources.map(({ selector }) => selector)) }),
    ...(exceptResources.length > 0 && { exceptResources }),
    ...(principals.length > 0 && { principals: sortPrincipals(principals.map(({ selector }) => selector)) }),
    ...(exceptPrincipals.length > 0 && { exceptPrincipals }),
    conditions: printConditions(from.statement.source.conditions),
    ...(cell.partly && { partly: true }),
    example,
    statements: uniqueRefs(block.map((residue) => refer(residue.from))),
  };
}

function printConditions(conditions: readonly Condition[]): readonly Condition[] {
  const plain = conditions.map(({ operator, key, values }) => ({ operator, key, values }));
  return [...new Map(plain.map((condition) => [conditionText(condition), condition])).values()];
}

function printExcepted(entries: readonly Entry<Pattern>[]): readonly string[] {
  return printPatterns(entries[0]?.except ?? []);
}

function printPatterns(patterns: readonly Pattern[]): readonly string[] {
  return [...new Map(patterns.map(({ text, written }) => [text, written])).values()].sort();
}

function sortPrincipals(principals: readonly PolicyPrincipal[]): readonly PolicyPrincipal[] {
  const byText = new Map(principals.map((principal) => [principalText(principal), principal]));
  return [...byText].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, principal]) => principal);
}

function uniqueRefs(refs: readonly StatementRef[]): readonly StatementRef[] {
  return [...new Map(refs.map((ref) => [`${ref.document} ${ref.statement}`, ref])).values()].sort(
    (one, other) => one.document - other.document || one.statement - other.statement,
  );
}
