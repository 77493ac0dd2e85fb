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

function pick<Item>(items: readonly Item[], at: number): Item | undefined {
  return items[at % Math.max(1, items.length)];
}

function changeOne(
  condition: unknown,
  at: number,
  change: (condition: Condition) => Partial<Condition> | undefined,
): ConditionBlock | undefined {
  const conditions = listConditions(condition);
  const changed = conditions.flatMap((condition, index) => {
    if (index !== at % conditions.length) return [condition];
    const next = change(condition);
    return next === undefined ? [] : [{ ...condition, ...next }];
  });
  return makeBlock(changed);
}

/** Removes one condition of a block. */
export function dropCondition(condition: unknown, at: number): ConditionBlock | undefined {
  return changeOne(condition, at, () => undefined);
}

/** Replaces one condition by one of a donor. */
export function replaceCondition(condition: unknown, donor: unknown, at: number): ConditionBlock | undefined {
  return changeOne(condition, at, () => pick(listConditions(donor), at) ?? {});
}

/** Adds one or two conditions of a donor. */
export function addConditions(condition: unknown, donor: unknown, at: number): ConditionBlock | undefined {
  return makeBlock([...listConditions(condition), ...listConditions(donor).slice(0, 1 + (at % 2))]);
}

/** Replaces the operator of one condition by another of its family. */
export function swapOperator(condition: unknown, at: number): ConditionBlock | undefined {
  return changeOne(condition, at, ({ operator }) => {
    const { qualifier, base, suffix } = readOperator(operator);
    const family = keyFamilies.find(({ operators }) => operators.includes(base));
    return family === undefined
      ? {}
      : { operator: `${qualifier}${pick(family.operators, at >> 3)}${suffix}` };
  });
}

/** Adds or removes IfExists of one condition, or swaps ForAllValues and ForAnyValue. */
export function swapQualifier(condition: unknown, at: number): ConditionBlock | undefined {
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

/** Changes one value of a condition, or removes it from a list with others. */
export function editValues(condition: unknown, at: number): ConditionBlock | undefined {
  return changeOne(condition, at, ({ operator, values }) => {
    const edit = (value: unknown) => editValue(value, readOperator(operator).base, at >> 4);
    if (!Array.isArray(values)) return { values: edit(values) };
    const place = (at >> 2) % Math.max(1, values.length);
    if (values.length > 1 && at % 3 === 0) return { values: values.filter((_, index) => index !== place) };
    return { values: values.map((value: unknown, index) => (index === place ? edit(value) : value)) };
  });
}

/** Returns a text with a small edit; for operators that do not compare texts, another value of the family. */
function editValue(value: unknown, base: string, at: number): unknown {
  const family = keyFamilies.find(({ operators }) => operators.includes(base));
  if (family === undefined) return value;
  const isText = ["text", "arn", "blob"].includes(family.name);
  return isText && typeof value === "string" ? editText(value, at) : pick(family.values, at);
}

function readOperator(operator: string) {
  const [, qualifier = "", base = "", suffix = ""] = /^(For\w+:)?(.*?)(IfExists)?$/.exec(operator) ?? [];
  return { qualifier, base, suffix };
}

/** Replaces a character by a wildcard, removes it, or cuts the text there; a pattern can get wider or narrower. */
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
