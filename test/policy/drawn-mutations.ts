import fc from "fast-check";
import {
  addConditions,
  dropCondition,
  editText,
  editValues,
  replaceCondition,
  swapOperator,
  swapQualifier,
} from "./condition-changes.ts";
import { mostly } from "./drawn-conditions.ts";
import { type DrawnPolicy, type DrawnStatement, drawStatement, type PolicyKind } from "./grammar.ts";

/** Makes a small change of a policy. A comparison is most likely to be wrong on policies that are nearly equal. */
export type Mutation = (policy: DrawnPolicy) => DrawnPolicy;

/** Changes one statement into none, one or several; `at` selects the place of the change. */
type Change = (one: DrawnStatement, donor: DrawnStatement, at: number) => readonly DrawnStatement[];

// Not shrunk: a smaller number does not make a smaller change, and trying all of them takes minutes.
const unshrunk = (most?: number): fc.Arbitrary<number> => fc.noShrink(fc.nat(most ?? 0x7fffffff));

/** Draws a small change of a policy. */
export function drawMutation(kind: PolicyKind): fc.Arbitrary<Mutation> {
  const change = fc
    .record({
      which: unshrunk(changes.length - 1),
      donor: drawStatement(kind),
      place: unshrunk(),
      at: unshrunk(),
    })
    .map(({ which, donor, place, at }): Mutation => {
      return (policy) => {
        const index = place % Math.max(1, policy.Statement.length);
        const statements = policy.Statement.flatMap((one, number) =>
          number === index ? changeStatement(one, donor, at, which) : [one],
        );
        return { ...policy, Statement: statements };
      };
    });
  const addition = drawStatement(kind).map((added): Mutation => {
    return (policy) => ({ ...policy, Statement: [...policy.Statement, added] });
  });
  const version = fc.constantFrom("2012-10-17", "2008-10-17").map((Version): Mutation => {
    return (policy) => ({ ...policy, Version });
  });
  return mostly(10, change, fc.oneof(addition, addition, version, fc.constant(mergeActions)));
}

/** Makes the change with number `which`, or the first one after it that changes something. */
function changeStatement(
  one: DrawnStatement,
  donor: DrawnStatement,
  at: number,
  which: number,
): readonly DrawnStatement[] {
  const before = JSON.stringify([one]);
  for (const apply of [...changes.slice(which), ...changes.slice(0, which)]) {
    const changed = apply(one, donor, at);
    if (JSON.stringify(changed) !== before) return changed;
  }
  return [one];
}

const changes: readonly Change[] = [
  (one, _, at) => [editNames(one, at)],
  (one, _, at) => [editNames(one, at)],
  (one, _, at) => [swapNot(one, at)],
  (one, _, at) => splitEntries(one, at),
  (one, _, at) => [editPrincipals(one, at)],
  (one, donor) => [takeElement(one, donor, "Principal")],
  (one, donor) => [takeElement(one, donor, "Resource")],
  (one, donor) => [takeElement(one, donor, "Action")],
  (one, _, at) => [changeCondition(one, swapOperator, at)],
  (one, _, at) => [changeCondition(one, swapQualifier, at)],
  (one, _, at) => [changeCondition(one, editValues, at)],
  (one, _, at) => [changeCondition(one, editValues, at)],
  (one, _, at) => [changeCondition(one, dropCondition, at)],
  (one, donor, at) => [
    changeCondition(one, (own, place) => replaceCondition(own, donor.Condition, place), at),
  ],
  (one, donor, at) => [changeCondition(one, (own, place) => addConditions(own, donor.Condition, place), at)],
  (one, { Condition }) => [setElement(one, "Condition", Condition)],
  (one, donor) => [setElement({ ...donor, Effect: one.Effect }, "Condition", one.Condition)],
  (one) => [{ ...one, Effect: one.Effect === "Allow" ? "Deny" : "Allow" }],
  () => [],
];

function pick<Item>(items: readonly Item[], at: number): Item | undefined {
  return items[at % Math.max(1, items.length)];
}

/** Sets an element of a statement; removes it if the value is undefined. */
function setElement(one: DrawnStatement, element: string, value: unknown): DrawnStatement {
  const { [element]: _, ...rest } = one;
  return { ...rest, Effect: one.Effect, ...(value !== undefined && { [element]: value }) };
}

function changeCondition(
  one: DrawnStatement,
  change: (condition: unknown, at: number) => unknown,
  at: number,
): DrawnStatement {
  return setElement(one, "Condition", change(one.Condition, at));
}

/** Replaces an element, such as Action or NotAction, by that of the donor. */
function takeElement(one: DrawnStatement, donor: DrawnStatement, element: string): DrawnStatement {
  const bare = setElement(setElement(one, element, undefined), `Not${element}`, undefined);
  return setElement(setElement(bare, element, donor[element]), `Not${element}`, donor[`Not${element}`]);
}

function splitEntries(one: DrawnStatement, at: number): readonly DrawnStatement[] {
  const element = pick(["Action", "Resource"], at) ?? "Action";
  const list = one[element];
  return Array.isArray(list) ? list.map((entry: unknown) => setElement(one, element, entry)) : [one];
}

/** Merges the first two statements: the actions of both, the rest of the first. */
function mergeActions(policy: DrawnPolicy): DrawnPolicy {
  const [one, other, ...rest] = policy.Statement;
  if (one?.Action === undefined || other?.Action === undefined) return policy;
  return { ...policy, Statement: [setElement(one, "Action", [one.Action, other.Action].flat()), ...rest] };
}

/** Swaps Action and NotAction, Resource and NotResource, or Principal and NotPrincipal. */
function swapNot(one: DrawnStatement, at: number): DrawnStatement {
  const names = ["Action", "Resource", "Principal"].flatMap((name) => [name, `Not${name}`]);
  const from = pick(
    names.filter((name) => name in one),
    at,
  );
  if (from === undefined) return one;
  const to = from.startsWith("Not") ? from.slice(3) : `Not${from}`;
  return setElement(setElement(one, from, undefined), to, one[from]);
}

/** Edits one entry of Action, NotAction, Resource or NotResource. */
function editNames(one: DrawnStatement, at: number): DrawnStatement {
  const element = pick(
    ["Action", "NotAction", "Resource", "NotResource"].filter((name) => name in one),
    at,
  );
  if (element === undefined) return one;
  const entries = one[element];
  const edit = (entry: unknown) => (typeof entry === "string" ? editText(entry, at >> 4) : entry);
  if (!Array.isArray(entries)) return setElement(one, element, edit(entries));
  const place = (at >> 2) % Math.max(1, entries.length);
  return setElement(
    one,
    element,
    entries.map((entry: unknown, index) => (index === place ? edit(entry) : entry)),
  );
}

/** Removes one principal, or one type of principals. */
function editPrincipals(one: DrawnStatement, at: number): DrawnStatement {
  const element = "Principal" in one ? "Principal" : "NotPrincipal";
  const types = one[element];
  if (typeof types !== "object" || types === null) return one;
  const entries = Object.entries(types).flatMap<readonly [string, unknown]>(([type, ids], index, all) => {
    if (index !== at % all.length) return [[type, ids]];
    return Array.isArray(ids) && ids.length > 1 ? [[type, ids.slice(1)]] : [];
  });
  return setElement(one, element, Object.fromEntries(entries));
}
