import fc from "fast-check";
import { type Topic, topics, variableTexts } from "./topics.ts";

/** A condition block as a policy has it: values by operator and key. */
export type DrawnCondition = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** Draws one of some values. */
export const oneOf = <Value>(values: readonly Value[]): fc.Arbitrary<Value> => fc.constantFrom(...values);

/** Draws the usual, and once in `odds` times the odd. */
export function rarely<Value, Odd>(
  odds: number,
  usual: fc.Arbitrary<Value>,
  odd: fc.Arbitrary<Odd>,
): fc.Arbitrary<Value | Odd> {
  return fc.oneof({ weight: odds - 1, arbitrary: usual }, { weight: 1, arbitrary: odd });
}

/** Draws one value, or a list of some; a list seldom has none, for an element without values does nothing. */
export function listOf<Value>(value: fc.Arbitrary<Value>, most = 3): fc.Arbitrary<Value | Value[]> {
  return fc.oneof(value, fc.array(value, { minLength: 1, maxLength: most }));
}

interface DrawnAtom {
  readonly operator: string;
  readonly key: string;
  readonly values: unknown;
}

function drawValues(topic: Topic, withVariables: boolean): fc.Arbitrary<unknown> {
  const usual = rarely<unknown, unknown>(8, oneOf(topic.values), oneOf(topic.oddValues));
  const isText = topic.name === "text" || topic.name === "arn";
  return listOf(withVariables && isText ? rarely(4, usual, oneOf(variableTexts)) : usual);
}

/** A condition of one topic; seldom one that asks for a list what has one value, or the other way round. */
function drawAtom(topic: Topic, withVariables: boolean): fc.Arbitrary<DrawnAtom> {
  return fc
    .record({
      base: oneOf(topic.operators),
      isSeveral: fc.boolean(),
      isCrossed: fc.nat(15).map((odds) => odds === 0),
      qualifier: oneOf(["ForAllValues:", "ForAnyValue:"]),
      suffix: oneOf(["", "", "IfExists"]),
      key: fc.nat(),
      values: drawValues(topic, withVariables),
      isEmpty: fc.nat(19).map((odds) => odds === 0),
    })
    .map(({ base, isSeveral, isCrossed, qualifier, suffix, key, values, isEmpty }) => {
      const keys = isSeveral ? topic.several : topic.single;
      const isQualified = isSeveral !== isCrossed;
      return {
        operator: `${isQualified ? qualifier : ""}${base}${suffix}`,
        key: keys[key % keys.length] ?? "",
        // Of a plain or negated operator without values nobody knows what it means.
        values: isEmpty && !base.includes("Not") && (isQualified || suffix !== "") ? [] : values,
      };
    });
}

function drawNull(about: readonly Topic[]): fc.Arbitrary<DrawnAtom> {
  return fc.record({
    operator: fc.constant("Null"),
    key: oneOf(about.flatMap(({ single, several }) => [...single, ...several])),
    values: rarely<unknown, unknown>(
      8,
      oneOf(["true", "false", true, false]),
      oneOf([["true", "false"], "TRUE"]),
    ),
  });
}

/** An operator on a key whose values are of another kind. */
function drawMixed(about: readonly Topic[]): fc.Arbitrary<DrawnAtom> {
  return fc
    .tuple(oneOf(topics), oneOf(about), fc.nat())
    .chain(([one, other, at]) =>
      drawAtom(one, false).map((atom) => ({ ...atom, key: other.single[at % other.single.length] ?? "" })),
    );
}

/** Draws one to three conditions about some topics. */
export function drawCondition(about: readonly Topic[], withVariables: boolean): fc.Arbitrary<DrawnCondition> {
  const atom = fc.oneof(
    { weight: 50, arbitrary: fc.oneof(...about.map((topic) => drawAtom(topic, withVariables))) },
    { weight: 8, arbitrary: drawNull(about) },
    { weight: 1, arbitrary: drawMixed(about) },
  );
  return fc.array(atom, { minLength: 1, maxLength: 3 }).map((atoms) => {
    const condition: Record<string, Record<string, unknown>> = {};
    for (const { operator, key, values } of atoms)
      condition[operator] = { ...condition[operator], [key]: values };
    return condition;
  });
}
