import { comparePolicies } from "@drift-guard/policy/compare";
import type { Comparison, ComparisonOptions } from "@drift-guard/policy/comparison";
import { createMemo } from "../memo.ts";

/** The texts of a side's policies. */
type Texts = string | readonly string[];

/** The options of a comparison, with a boundary as text. */
export type TextOptions = Omit<ComparisonOptions, "boundary"> & { readonly boundary?: string };

// Numbers stand for texts in the keys of comparisons, and are never given twice: a text that was forgotten gets a new one.
const numbers = createMemo<number>();
let numbered = 0;
// Some thousand comparisons: a key has about 30 characters, and what it stands for some kilobytes.
const comparisons = createMemo<Comparison>(100_000);

/**
 * Like `comparePolicies`, for texts, once for the same input: most roles of an account have the same policies, and a fix is
 * tried on a copy of a role whose other policies stay as they are.
 */
export function compareTexts(candidate: Texts, reference: Texts, options: TextOptions): Comparison {
  const { boundary, ...others } = options;
  const key = JSON.stringify([
    numberTexts(candidate),
    numberTexts(reference),
    boundary === undefined ? [] : numberTexts(boundary),
    others,
  ]);
  return comparisons(key, () => comparePolicies(candidate, reference, options));
}

function numberTexts(texts: Texts): readonly number[] {
  const list = typeof texts === "string" ? [texts] : texts;
  return list.map((text) => numbers(text, () => ++numbered));
}
