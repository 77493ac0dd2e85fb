import { joinDocuments, readDocument, tryParsePolicy } from "../policy-json.ts";
import { hasEffect, listTexts, type Statement } from "./narrowing.ts";
import { coversAction, coversResource, mayShareAction, mayShareResource } from "./pattern-cover.ts";

/** What a Deny lists of actions or resources: its entries, or, where `negated`, everything but them. */
export interface DenyClause {
  readonly negated: boolean;
  readonly entries: readonly string[];
}

/** A Deny of an identity policy of version 2012-10-17. */
export interface Deny {
  readonly actions: DenyClause;
  readonly resources: DenyClause;
  /** As written; undefined if there is none. */
  readonly condition: unknown;
}

/** The clause of everything. */
export const everything: DenyClause = { negated: false, entries: ["*"] };

/** Returns the Denies of identity policies. A text that is no policy has none. */
export function listDenies(texts: readonly string[]): readonly Deny[] {
  const readable = texts.filter((text) => tryParsePolicy(text) !== undefined);
  return readDocument(joinDocuments(readable)).Statement.flatMap((statement) =>
    hasEffect(statement, "Deny") ? [readDeny(statement)] : [],
  );
}

function readDeny(statement: Statement): Deny {
  const clauseOf = (name: "Action" | "Resource"): DenyClause => {
    const negated = `Not${name}` in statement;
    return { negated, entries: [...new Set(listTexts(statement[negated ? `Not${name}` : name]))] };
  };
  return { actions: clauseOf("Action"), resources: clauseOf("Resource"), condition: statement.Condition };
}

/** Returns a Deny as a statement, in its shortest spelling. */
export function printDeny({ actions, resources, condition }: Deny): Statement {
  const clauseOf = (name: string, { negated, entries }: DenyClause) => ({
    [negated ? `Not${name}` : name]: entries.length === 1 ? entries[0] : entries,
  });
  return {
    Effect: "Deny",
    ...clauseOf("Action", actions),
    ...clauseOf("Resource", resources),
    ...(condition !== undefined && { Condition: condition }),
  };
}

/**
 * Whether some Denies deny all that another one denies, by its actions and resources alone: quick, also where conditions
 * cannot be compared. False in doubt.
 */
export function isDenied(deny: Deny, by: readonly Deny[]): boolean {
  return by.some((wide) => coversDeny(wide, deny) || coversWithOthers(wide, deny, by));
}

function coversDeny(wide: Deny, narrow: Deny): boolean {
  return (
    isConditionOf(wide, narrow) &&
    coversClause(wide.actions, narrow.actions, coversAction, mayShareAction) &&
    coversClause(wide.resources, narrow.resources, coversResource, mayShareResource)
  );
}

// A Deny of all actions but some denies the rest of those that share an action with it, if others deny the some.
function coversWithOthers(wide: Deny, narrow: Deny, by: readonly Deny[]): boolean {
  const { actions, resources } = wide;
  if (!actions.negated || narrow.actions.negated || !isConditionOf(wide, narrow)) return false;
  if (!coversClause(resources, narrow.resources, coversResource, mayShareResource)) return false;
  const shared = actions.entries.filter((entry) =>
    narrow.actions.entries.some((action) => mayShareAction(entry, action)),
  );
  return shared.every((entry) => {
    const one = { ...narrow, actions: { negated: false, entries: [entry] } };
    return by.some((other) => coversDeny(other, one));
  });
}

function isConditionOf({ condition }: Deny, narrow: Deny): boolean {
  return condition === undefined || JSON.stringify(condition) === JSON.stringify(narrow.condition);
}

function coversClause(
  wide: DenyClause,
  narrow: DenyClause,
  covers: (wide: string, narrow: string) => boolean,
  mayShare: (one: string, other: string) => boolean,
): boolean {
  if (wide.negated) {
    return narrow.negated
      ? wide.entries.every((entry) => narrow.entries.some((other) => covers(other, entry)))
      : wide.entries.every((entry) => !narrow.entries.some((other) => mayShare(entry, other)));
  }
  if (narrow.negated) return wide.entries.includes("*");
  return narrow.entries.every((entry) => wide.entries.some((other) => covers(other, entry)));
}

/** Returns the Denies without what others deny, and with those as one that differ in their actions or resources alone. */
export function shortenDenies(denies: readonly Deny[], others: readonly Deny[]): readonly Deny[] {
  const left = denies.flatMap((deny) => subtract(deny, others));
  const merged = mergeBy(mergeBy(left, "actions"), "resources");
  const kept: Deny[] = [];
  for (const [index, deny] of merged.entries()) {
    kept.push(...subtract(deny, [...kept, ...merged.slice(index + 1)]));
  }
  return kept;
}

/** Returns a Deny without those of its actions and resources that others deny; none if they deny it all. */
function subtract(deny: Deny, others: readonly Deny[]): readonly Deny[] {
  if (others.length === 0) return [deny];
  if (isDenied(deny, others)) return [];
  const withoutDenied = (from: Deny, element: "actions" | "resources"): Deny => {
    const { negated, entries } = from[element];
    if (negated || entries.length === 1) return from;
    const rest = entries.filter(
      (entry) => !isDenied({ ...from, [element]: { negated, entries: [entry] } }, others),
    );
    return { ...from, [element]: { negated, entries: rest } };
  };
  const narrowed = withoutDenied(withoutDenied(deny, "actions"), "resources");
  return narrowed.actions.entries.length * narrowed.resources.entries.length === 0 ? [] : [narrowed];
}

function mergeBy(denies: readonly Deny[], element: "actions" | "resources"): readonly Deny[] {
  const groups = Map.groupBy(denies, (deny) =>
    deny[element].negated
      ? JSON.stringify(deny)
      : JSON.stringify({ ...sorted(deny), [element]: { negated: false, entries: [] } }),
  );
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const entries = [...new Set(group.flatMap((deny) => deny[element].entries))];
    return [{ ...first, [element]: { negated: first[element].negated, entries } }];
  });
}

function sorted({ actions, resources, condition }: Deny): Deny {
  const sort = ({ negated, entries }: DenyClause) => ({ negated, entries: entries.toSorted() });
  return { actions: sort(actions), resources: sort(resources), condition };
}
