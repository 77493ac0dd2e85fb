import fc from "fast-check";
import { type KeyFamily, keyFamilies, variableTexts } from "./key-families.ts";

/** A Condition block of a policy: values by operator and key. */
export type ConditionBlock = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** Draws one of a list of values. */
export const oneOf = <Value>(values: readonly Value[]): fc.Arbitrary<Value> => fc.constantFrom(...values);

/** Draws from `usual`, and once in `odds` times from `odd`. */
export function mostly<Value, Odd>(
  odds: number,
  usual: fc.Arbitrary<Value>,
  odd: fc.Arbitrary<Odd>,
): fc.Arbitrary<Value | Odd> {
  return fc.oneof({ weight: odds - 1, arbitrary: usual }, { weight: 1, arbitrary: odd });
}

/** Draws one value, or a list of one to `most` values. */
export function listOf<Value>(value: fc.Arbitrary<Value>, most = 3): fc.Arbitrary<Value | Value[]> {
  return fc.oneof(value, fc.array(value, { minLength: 1, maxLength: most }));
}

interface DrawnCondition {
  readonly operator: string;
  readonly key: string;
  readonly values: unknown;
}

function drawValues(family: KeyFamily, withVariables: boolean): fc.Arbitrary<unknown> {
  const usual = mostly<unknown, unknown>(8, oneOf(family.values), oneOf(family.oddValues));
  const isText = family.name === "text" || family.name === "arn";
  return listOf(withVariables && isText ? mostly(4, usual, oneOf(variableTexts)) : usual);
}

/** Draws a condition of a family. Seldom, its qualifier does not fit the number of values of its key. */
function drawFamilyCondition(family: KeyFamily, withVariables: boolean): fc.Arbitrary<DrawnCondition> {
  return fc
    .record({
      base: oneOf(family.operators),
      isMultivalued: fc.boolean(),
      isMisqualified: fc.nat(15).map((odds) => odds === 0),
      qualifier: oneOf(["ForAllValues:", "ForAnyValue:"]),
      suffix: oneOf(["", "", "IfExists"]),
      key: fc.nat(),
      values: drawValues(family, withVariables),
      isEmpty: fc.nat(19).map((odds) => odds === 0),
    })
    .map(({ base, isMultivalued, isMisqualified, qualifier, suffix, key, values, isEmpty }) => {
      const keys = isMultivalued ? family.multivalued : family.single;
      const isQualified = isMultivalued !== isMisqualified;
      return {
        operator: `${isQualified ? qualifier : ""}${base}${suffix}`,
        key: keys[key % keys.length] ?? "",
        // AWS does not say what a plain or negated operator without values means.
        values: isEmpty && !base.includes("Not") && (isQualified || suffix !== "") ? [] : values,
      };
    });
}

function drawNullCondition(families: readonly KeyFamily[]): fc.Arbitrary<DrawnCondition> {
  return fc.record({
    operator: fc.constant("Null"),
    key: oneOf(families.flatMap(({ single, multivalued }) => [...single, ...multivalued])),
    values: mostly<unknown, unknown>(
      8,
      oneOf(["true", "false", true, false]),
      oneOf([["true", "false"], "TRUE"]),
    ),
  });
}

/** Draws a condition with an operator of one family on a key of another. */
function drawMixedCondition(families: readonly KeyFamily[]): fc.Arbitrary<DrawnCondition> {
  return fc.tuple(oneOf(keyFamilies), oneOf(families), fc.nat()).chain(([one, other, at]) =>
    drawFamilyCondition(one, false).map((condition) => ({
      ...condition,
      key: other.single[at % other.single.length] ?? "",
    })),
  );
}

/** Draws a block of one to three conditions on keys of some families. */
export function drawConditionBlock(
  families: readonly KeyFamily[],
  withVariables: boolean,
): fc.Arbitrary<ConditionBlock> {
  const condition = fc.oneof(
    {
      weight: 50,
      arbitrary: fc.oneof(...families.map((family) => drawFamilyCondition(family, withVariables))),
    },
    { weight: 8, arbitrary: drawNullCondition(families) },
    { weight: 1, arbitrary: drawMixedCondition(families) },
  );
  return fc.array(condition, { minLength: 1, maxLength: 3 }).map((conditions) => {
    const block: Record<string, Record<string, unknown>> = {};
    for (const { operator, key, values } of conditions)
      block[operator] = { ...block[operator], [key]: values };
    return block;
  });
}
