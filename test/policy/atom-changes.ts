import type { DrawnCondition } from "./drawn-conditions.ts";
import { topics } from "./topics.ts";

/** One operator on one key of a condition block. */
interface Atom {
  readonly operator: string;
  readonly key: string;
  readonly values: unknown;
}

function isObject(json: unknown): json is object {
  return typeof json === "object" && json !== null;
}

function listAtoms(condition: unknown): readonly Atom[] {
  if (!isObject(condition)) return [];
  return Object.entries<unknown>({ ...condition }).flatMap(([operator, keys]) =>
    isObject(keys)
      ? Object.entries<unknown>({ ...keys }).map(([key, values]) => ({ operator, key, values }))
      : [],
  );
}

function joinAtoms(atoms: readonly Atom[]): DrawnCondition | undefined {
  const condition: Record<string, Record<string, unknown>> = {};
  for (const { operator, key, values } of atoms)
    condition[operator] = { ...condition[operator], [key]: values };
  return atoms.length === 0 ? undefined : condition;
}

function pick<Item>(items: readonly Item[], at: number): Item | undefined {
  return items[at % Math.max(1, items.length)];
}

function changeOne(
  condition: unknown,
  at: number,
  change: (atom: Atom) => Partial<Atom> | undefined,
): DrawnCondition | undefined {
  const atoms = listAtoms(condition);
  const changed = atoms.flatMap((atom, index) => {
    if (index !== at % atoms.length) return [atom];
    const next = change(atom);
    return next === undefined ? [] : [{ ...atom, ...next }];
  });
  return joinAtoms(changed);
}

/** Takes one condition away. */
export function dropAtom(condition: unknown, at: number): DrawnCondition | undefined {
  return changeOne(condition, at, () => undefined);
}

/** Puts one condition of a donor in the place of one. */
export function swapAtom(condition: unknown, donor: unknown, at: number): DrawnCondition | undefined {
  return changeOne(condition, at, () => pick(listAtoms(donor), at) ?? {});
}

/** Adds one condition of a donor. */
export function addAtom(condition: unknown, donor: unknown, at: number): DrawnCondition | undefined {
  return joinAtoms([...listAtoms(condition), ...listAtoms(donor).slice(0, 1 + (at % 2))]);
}

/** Makes one condition compare in another way. */
export function swapOperator(condition: unknown, at: number): DrawnCondition | undefined {
  return changeOne(condition, at, ({ operator }) => {
    const { qualifier, base, suffix } = readOperator(operator);
    const topic = topics.find(({ operators }) => operators.includes(base));
    return topic === undefined ? {} : { operator: `${qualifier}${pick(topic.operators, at >> 3)}${suffix}` };
  });
}

/** Makes one condition hold for an absent key, or no more; or for any value instead of all. */
export function swapQualifier(condition: unknown, at: number): DrawnCondition | undefined {
  return changeOne(condition, at, ({ operator }) => {
    const { qualifier, base, suffix } = readOperator(operator);
    if (base === "Null") return {};
    if (qualifier === "" || at % 2 === 0)
      return { operator: `${qualifier}${base}${suffix === "" ? "IfExists" : ""}` };
    return {
      operator: `${qualifier === "ForAllValues:" ? "ForAnyValue:" : "ForAllValues:"}${base}${suffix}`,
    };
  });
}

/** Takes one value of a condition away, or makes it another; the last one of a list stays. */
export function editValues(condition: unknown, at: number): DrawnCondition | undefined {
  return changeOne(condition, at, ({ operator, values }) => {
    const edit = (value: unknown) => editValue(value, readOperator(operator).base, at >> 4);
    if (!Array.isArray(values)) return { values: edit(values) };
    const place = (at >> 2) % Math.max(1, values.length);
    if (values.length > 1 && at % 3 === 0) return { values: values.filter((_, index) => index !== place) };
    return { values: values.map((value: unknown, index) => (index === place ? edit(value) : value)) };
  });
}

/** A text a little wider, narrower or other; where the operator reads something else, another of that. */
function editValue(value: unknown, base: string, at: number): unknown {
  const topic = topics.find(({ operators }) => operators.includes(base));
  if (topic === undefined) return value;
  const isText = ["text", "arn", "blob"].includes(topic.name);
  return isText && typeof value === "string" ? editText(value, at) : pick(topic.values, at);
}

function readOperator(operator: string) {
  const [, qualifier = "", base = "", suffix = ""] = /^(For\w+:)?(.*?)(IfExists)?$/.exec(operator) ?? [];
  return { qualifier, base, suffix };
}

/** Makes a text a little wider, narrower or other. */
export function editText(text: string, at: number): string {
  const place = (at >> 3) % Math.max(1, text.length);
  const [before, after] = [text.slice(0, place), text.slice(place + 1)];
  const edits = [
    `${before}*${after}`,
    `${before}?${after}`,
    `${before}${after}`,
    `${text}*`,
    `${before}*`,
    `*${after}`,
  ];
  return pick(edits, at) ?? text;
}
