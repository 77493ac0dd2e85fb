import type { ConditionBlock } from "./drawn-conditions.ts";
import { keyFamilies } from "./key-families.ts";

/** One operator on one key of a condition block. */
interface Condition {
  readonly operator: string;
  readonly key: string;
  readonly values: unknown;
}

function isObject(json: unknown): json is object {
  return typeof json === "object" && json !== null;
}

function listConditions(condition: unknown): readonly Condition[] {
  if (!isObject(condition)) return [];
  return Object.entries<unknown>({ ...condition }).flatMap(([operator, keys]) =>
    isObject(keys)
      ? Object.entries<unknown>({ ...keys }).map(([key, values]) => ({ operator, key, values }))
      : [],
  );
}

function makeBlock(conditions: readonly Condition[]): ConditionBlock | undefined {
  const condition: Record<string, Record<string, unknown>> = {};
  for (const { operator, key, values } of conditions)
    condition[operator] = { ...condition[operator], [key]: values };
  return conditions.length === 0 ? undefined : condition;
}

/** Returns the item that a drawn number chooses; undefined of an empty list. */
function pick<Item>(items: readonly Item[], choice: number): Item | undefined {
  return items[choice % Math.max(1, items.length)];
}

/**
 * Changes the condition of a block that `choice` selects. `change` returns the new members of the condition, `{}` to keep it,
 * or undefined to remove it.
 */
function changeOne(
  condition: unknown,
  choice: number,
  change: (condition: Condition) => Partial<Condition> | undefined,
): ConditionBlock | undefined {
  const conditions = listConditions(condition);
  const changed = conditions.flatMap((condition, index) => {
    if (index !== choice % conditions.length) return [condition];
    const next = change(condition);
    return next === undefined ? [] : [{ ...condition, ...next }];
  });
  return makeBlock(changed);
}

/** Removes the condition of a block that the drawn number `choice` selects, as in all functions here. */
export function dropCondition(condition: unknown, choice: number): ConditionBlock | undefined {
  return changeOne(condition, choice, () => undefined);
}

/** Replaces one condition by one of a donor. */
export function replaceCondition(
  condition: unknown,
  donor: unknown,
  choice: number,
): ConditionBlock | undefined {
  return changeOne(condition, choice, () => pick(listConditions(donor), choice) ?? {});
}

/** Adds one or two conditions of a donor. */
export function addConditions(
  condition: unknown,
  donor: unknown,
  choice: number,
): ConditionBlock | undefined {
  return makeBlock([...listConditions(condition), ...listConditions(donor).slice(0, 1 + (choice % 2))]);
}

/** Replaces the operator of one condition by another of its family. */
export function swapOperator(condition: unknown, choice: number): ConditionBlock | undefined {
  return changeOne(condition, choice, ({ operator }) => {
    const { qualifier, base, suffix } = readOperator(operator);
    const family = keyFamilies.find(({ operators }) => operators.includes(base));
    return family === undefined
      ? {}
      : { operator: `${qualifier}${pick(family.operators, choice >> 3)}${suffix}` };
  });
}

/** Adds or removes IfExists of one condition, or swaps ForAllValues and ForAnyValue. Null conditions stay unchanged. */
export function swapQualifier(condition: unknown, choice: number): ConditionBlock | undefined {
  return changeOne(condition, choice, ({ operator }) => {
    const { qualifier, base, suffix } = readOperator(operator);
    if (base === "Null") return {};
    if (qualifier === "" || choice % 2 === 0)
      return { operator: `${qualifier}${base}${suffix === "" ? "IfExists" : ""}` };
    return {
      operator: `${qualifier === "ForAllValues:" ? "ForAnyValue:" : "ForAllValues:"}${base}${suffix}`,
    };
  });
}

/** Changes one value of a condition, or removes one value if the list has several. */
export function editValues(condition: unknown, choice: number): ConditionBlock | undefined {
  return changeOne(condition, choice, ({ operator, values }) => {
    const edit = (value: unknown) => editValue(value, readOperator(operator).base, choice >> 4);
    if (!Array.isArray(values)) return { values: edit(values) };
    const place = (choice >> 2) % Math.max(1, values.length);
    if (values.length > 1 && choice % 3 === 0)
      return { values: values.filter((_, index) => index !== place) };
    return { values: values.map((value: unknown, index) => (index === place ? edit(value) : value)) };
  });
}

/** Edits a text value. For an operator that compares no texts, returns a value of the same key family, maybe the same one. */
function editValue(value: unknown, base: string, choice: number): unknown {
  const family = keyFamilies.find(({ operators }) => operators.includes(base));
  if (family === undefined) return value;
  const isText = ["text", "arn", "blob"].includes(family.name);
  return isText && typeof value === "string" ? editText(value, choice) : pick(family.values, choice);
}

function readOperator(operator: string) {
  const [, qualifier = "", base = "", suffix = ""] = /^(For\w+:)?(.*?)(IfExists)?$/.exec(operator) ?? [];
  return { qualifier, base, suffix };
}

/** Replaces a character with a wildcard, removes it, or cuts the text there, so that the pattern matches more or less. */
export function editText(text: string, choice: number): string {
  const place = (choice >> 3) % Math.max(1, text.length);
  const [before, after] = [text.slice(0, place), text.slice(place + 1)];
  const edits = [
    `${before}*${after}`,
    `${before}?${after}`,
    `${before}${after}`,
    `${text}*`,
    `${before}*`,
    `*${after}`,
  ];
  return pick(edits, choice) ?? text;
}
