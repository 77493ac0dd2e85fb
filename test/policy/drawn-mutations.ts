import fc from "fast-check";
import {
  addAtom,
  dropAtom,
  editText,
  editValues,
  swapAtom,
  swapOperator,
  swapQualifier,
} from "./atom-changes.ts";
import { rarely } from "./drawn-conditions.ts";
import { type DrawnPolicy, type DrawnStatement, drawStatement, type Kind } from "./grammar.ts";

/** A small change of a policy: pairs that nearly agree are where a comparison errs. */
export type Mutation = (policy: DrawnPolicy) => DrawnPolicy;

/** A change of one statement, which may make several of it, or none; `at` says where in it. */
type Change = (one: DrawnStatement, donor: DrawnStatement, at: number) => readonly DrawnStatement[];

// A smaller number is no smaller change, and to try them all takes minutes.
const fixed = (most?: number): fc.Arbitrary<number> => fc.noShrink(fc.nat(most ?? 0x7fffffff));

/** Draws a change to a policy. */
export function drawMutation(kind: Kind): fc.Arbitrary<Mutation> {
  const change = fc
    .record({ which: fixed(changes.length - 1), donor: drawStatement(kind), place: fixed(), at: fixed() })
    .map(({ which, donor, place, at }): Mutation => {
      return (policy) => {
        const index = place % Math.max(1, policy.Statement.length);
        const statements = policy.Statement.flatMap((one, number) =>
          number === index ? changeStatement(one, donor, at, which) : [one],
        );
        return { ...policy, Statement: statements };
      };
    });
  const growth = drawStatement(kind).map((added): Mutation => {
    return (policy) => ({ ...policy, Statement: [...policy.Statement, added] });
  });
  const version = fc.constantFrom("2012-10-17", "2008-10-17").map((Version): Mutation => {
    return (policy) => ({ ...policy, Version });
  });
  return rarely(10, change, fc.oneof(growth, growth, version, fc.constant(mergeActions)));
}

/** Makes the change, or the next that finds something to change: not every statement has conditions. */
function changeStatement(
  one: DrawnStatement,
  donor: DrawnStatement,
  at: number,
  which: number,
): readonly DrawnStatement[] {
  const before = JSON.stringify([one]);
  const tried = [...changes.slice(which), ...changes.slice(0, which)].map((apply) => apply(one, donor, at));
  return tried.find((changed) => JSON.stringify(changed) !== before) ?? [one];
}

const changes: readonly Change[] = [
  (one, _, at) => [editNames(one, at)],
  (one, _, at) => [editNames(one, at)],
  (one, _, at) => [swapNot(one, at)],
  (one, _, at) => splitEntries(one, at),
  (one, _, at) => [editPrincipals(one, at)],
  (one, donor) => [take(one, donor, "Principal")],
  (one, donor) => [take(one, donor, "Resource")],
  (one, donor) => [take(one, donor, "Action")],
  (one, _, at) => [changeCondition(one, swapOperator, at)],
  (one, _, at) => [changeCondition(one, swapQualifier, at)],
  (one, _, at) => [changeCondition(one, editValues, at)],
  (one, _, at) => [changeCondition(one, editValues, at)],
  (one, _, at) => [changeCondition(one, dropAtom, at)],
  (one, donor, at) => [changeCondition(one, (own, place) => swapAtom(own, donor.Condition, place), at)],
  (one, donor, at) => [changeCondition(one, (own, place) => addAtom(own, donor.Condition, place), at)],
  (one, { Condition }) => [put(one, "Condition", Condition)],
  (one, donor) => [put({ ...donor, Effect: one.Effect }, "Condition", one.Condition)],
  (one) => [{ ...one, Effect: one.Effect === "Allow" ? "Deny" : "Allow" }],
  () => [],
];

function pick<Item>(items: readonly Item[], at: number): Item | undefined {
  return items[at % Math.max(1, items.length)];
}

/** Replaces an element, or takes it away. */
function put(one: DrawnStatement, element: string, value: unknown): DrawnStatement {
  const { [element]: _, ...rest } = one;
  return { ...rest, Effect: one.Effect, ...(value !== undefined && { [element]: value }) };
}

function changeCondition(
  one: DrawnStatement,
  change: (condition: unknown, at: number) => unknown,
  at: number,
): DrawnStatement {
  return put(one, "Condition", change(one.Condition, at));
}

/** Puts the donor's element, or its opposite, in the place of one's own. */
function take(one: DrawnStatement, donor: DrawnStatement, element: string): DrawnStatement {
  const bare = put(put(one, element, undefined), `Not${element}`, undefined);
  return put(put(bare, element, donor[element]), `Not${element}`, donor[`Not${element}`]);
}

function splitEntries(one: DrawnStatement, at: number): readonly DrawnStatement[] {
  const element = pick(["Action", "Resource"], at) ?? "Action";
  const list = one[element];
  return Array.isArray(list) ? list.map((entry: unknown) => put(one, element, entry)) : [one];
}

/** Gives the first statement the actions of the second too. */
function mergeActions(policy: DrawnPolicy): DrawnPolicy {
  const [one, other, ...rest] = policy.Statement;
  if (one?.Action === undefined || other?.Action === undefined) return policy;
  return { ...policy, Statement: [put(one, "Action", [one.Action, other.Action].flat()), ...rest] };
}

/** Makes an element its opposite: Action and NotAction, and their kin. */
function swapNot(one: DrawnStatement, at: number): DrawnStatement {
  const names = ["Action", "Resource", "Principal"].flatMap((name) => [name, `Not${name}`]);
  const from = pick(
    names.filter((name) => name in one),
    at,
  );
  if (from === undefined) return one;
  const to = from.startsWith("Not") ? from.slice(3) : `Not${from}`;
  return put(put(one, from, undefined), to, one[from]);
}

/** Edits one action or resource. */
function editNames(one: DrawnStatement, at: number): DrawnStatement {
  const element = pick(
    ["Action", "NotAction", "Resource", "NotResource"].filter((name) => name in one),
    at,
  );
  if (element === undefined) return one;
  const entries = one[element];
  const edit = (entry: unknown) => (typeof entry === "string" ? editText(entry, at >> 4) : entry);
  if (!Array.isArray(entries)) return put(one, element, edit(entries));
  const place = (at >> 2) % Math.max(1, entries.length);
  return put(
    one,
    element,
    entries.map((entry: unknown, index) => (index === place ? edit(entry) : entry)),
  );
}

/** Takes a principal, or a type of them, away. */
function editPrincipals(one: DrawnStatement, at: number): DrawnStatement {
  const element = "Principal" in one ? "Principal" : "NotPrincipal";
  const types = one[element];
  if (typeof types !== "object" || types === null) return one;
  const entries = Object.entries(types).flatMap<readonly [string, unknown]>(([type, ids], index, all) => {
    if (index !== at % all.length) return [[type, ids]];
    return Array.isArray(ids) && ids.length > 1 ? [[type, ids.slice(1)]] : [];
  });
  return put(one, element, Object.fromEntries(entries));
}
