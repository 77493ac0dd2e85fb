import {
  type ActionGroup,
  type Combination,
  coversCombination,
  coversResourcesAndPrincipals,
  listActions,
  listCombinations,
  missesCombination,
  type Remainder,
} from "../compiled/combination.ts";
import { joinStatements } from "../compiled/joined-statements.ts";
import {
  coversEntry,
  type Entry,
  impliesConditions,
  missesEntry,
  patternRelations,
} from "../compiled/negated-clause.ts";
import type { CombinationVerdict, Question } from "../compiled/question.ts";
import type { CompiledStatement } from "../compiled/statement.ts";
import type { Pattern } from "../pattern/pattern.ts";
import { BudgetError, charge, type StepBudget, tryCharge } from "../support/step-budget.ts";
import { groupBy } from "../support/unique.ts";
import type { Gap } from "./gap.ts";

/** A combination of a left statement for which neither an example nor complete coverage was found. */
export interface UndecidedCombination {
  readonly from: CompiledStatement;
  readonly code: "unsupported" | "budget" | "unproven";
  readonly message: string;
}

/** The left side minus the right side. */
export interface SubtractionResult {
  readonly remainders: readonly Remainder[];
  readonly undecided: readonly UndecidedCombination[];
}

/** The expensive checks of a combination; `subtract` asks them only where the form of the statements does not decide. */
export interface CombinationChecks {
  decide(combination: Combination, from: CompiledStatement): CombinationVerdict;
  /** Decides a part of a combination that has a gap. */
  decidePart(combination: Combination, from: CompiledStatement): CombinationVerdict;
  /** Narrows a gap down to the parts that the right side does not cover. */
  refine(
    gap: Gap,
    from: CompiledStatement,
    decide: (combination: Combination) => CombinationVerdict,
  ): readonly Gap[];
}

/**
 * Subtracts the right side from the left side, statement by statement and combination by combination. `joined` is the
 * question with the statements of both sides joined.
 */
export function subtract(
  { left, right }: Question,
  joined: Question,
  checks: CombinationChecks,
  budget: StepBudget,
): SubtractionResult {
  const remainders: Remainder[] = [];
  const undecided: UndecidedCombination[] = [];
  const leftDenyLines = new Set(left.denies.map(({ line }) => line));
  const denies = right.denies.filter(
    (deny) => !leftDenyLines.has(deny.line) && !isDeniedBy(joined.left.denies, deny, budget),
  );
  const rightAllowLines = new Set(right.allows.map(({ line }) => line));
  const rest = {
    left: joined.left,
    right: {
      allows: joined.right.allows,
      denies: joined.right.denies === right.denies ? denies : joinStatements(denies),
    },
  };
  for (const from of left.allows) {
    if (denies.length === 0 && rightAllowLines.has(from.line)) continue;
    try {
      for (const found of subtractFrom(from, rest, checks, budget)) {
        if ("combination" in found) remainders.push(found);
        else undecided.push(found);
      }
    } catch (error) {
      if (!(error instanceof BudgetError)) throw error;
      undecided.push({ from, code: "budget", message: error.message });
    }
  }
  return { remainders, undecided };
}

/** Subtracts the right side from one left statement. Throws `BudgetError`. */
function* subtractFrom(
  from: CompiledStatement,
  { left, right: { allows: rightAllows, denies } }: Question,
  checks: CombinationChecks,
  budget: StepBudget,
): Generator<Remainder | UndecidedCombination> {
  charge(budget, 1 + (rightAllows.length >> 4));
  const allows = rightAllows.filter((allow) => !allow.ambiguity && impliesConditions(from, allow));
  const decidePart = (part: Combination): CombinationVerdict =>
    isCovered(part, allows, denies) ? { kind: "covered" } : checks.decidePart(part, from);
  const actions = denies.length > 0 ? listActions(from) : listUncoveredActions(from, allows, budget);
  const others = [...left.denies, ...rightAllows, ...denies];
  for (const group of groupActions(actions, others, budget)) {
    const [first] = group;
    const near = allows.filter((allow) => coversEntry(allow.actions, first, patternRelations));
    for (const combination of listCombinations(from, first)) {
      charge(budget, 1 + (near.length >> 3));
      if (isCovered(combination, near, denies)) continue;
      const verdict = checks.decide(combination, from);
      if (verdict.kind === "undecided") yield { from, code: verdict.code, message: verdict.message };
      if (verdict.kind !== "uncovered") continue;
      const gaps = checks.refine({ combination, verdict }, from, decidePart);
      charge(budget, gaps.length);
      for (const { combination: part, verdict: proof } of gaps) {
        // A part with a narrower action than the group's first one does not represent the group.
        const represented = part.action === first ? group : ([part.action] as const);
        yield { from, combination: part, actions: represented, example: proof.example };
      }
    }
  }
}

/** The actions of a statement that no single allow covers on all of the statement's resources and principals. */
function listUncoveredActions(
  statement: CompiledStatement,
  allows: readonly CompiledStatement[],
  budget: StepBudget,
): readonly Entry<Pattern>[] {
  const covering = allows.filter((allow) => coversResourcesAndPrincipals(allow, statement, budget));
  return listActions(statement).filter((action) => {
    charge(budget, 1 + (covering.length >> 3));
    return !covering.some((allow) => coversEntry(allow.actions, action, patternRelations));
  });
}

/**
 * Groups actions that every other statement either covers or misses in the same way: the verdict on one of them holds
 * for the group. An action that some statement covers only in part is a group of its own.
 */
function groupActions(
  actions: readonly Entry<Pattern>[],
  others: readonly CompiledStatement[],
  budget: StepBudget,
): readonly ActionGroup[] {
  return groupBy(actions, (action) => {
    charge(budget, 1 + (others.length >> 3));
    const coverage: string[] = [];
    // A list of actions holds a single name or does not: nothing in between.
    const isSingle = action.selector.literal !== undefined && action.except.length === 0;
    for (const { actions: clause } of others) {
      const isCovering = coversEntry(clause, action, patternRelations);
      const isAllOrNothing = isSingle && !clause.negated;
      if (!isCovering && !isAllOrNothing && !missesEntry(clause, action, patternRelations))
        return `=${action.selector.text}`;
      coverage.push(isCovering ? "+" : "-");
    }
    return coverage.join("");
  });
}

/** Whether some denies cover all of another deny, which then makes no difference. False also if the budget runs out. */
function isDeniedBy(
  denies: readonly CompiledStatement[],
  deny: CompiledStatement,
  budget: StepBudget,
): boolean {
  if (deny.ambiguity) return false;
  if (!tryCharge(budget, 1 + (denies.length >> 4))) return false;
  const wide = denies.filter((other) => !other.ambiguity && impliesConditions(deny, other));
  if (wide.length === 0) return false;
  for (const action of listActions(deny)) {
    const near = wide.filter((other) => coversEntry(other.actions, action, patternRelations));
    for (const combination of listCombinations(deny, action)) {
      if (!tryCharge(budget, 1 + (wide.length >> 3))) return false;
      if (!near.some((other) => coversCombination(other, combination))) return false;
    }
  }
  return true;
}

/** Whether one of the allows covers a combination and no deny touches it; certain when true. */
function isCovered(
  combination: Combination,
  allows: readonly CompiledStatement[],
  denies: readonly CompiledStatement[],
): boolean {
  return (
    allows.some((allow) => coversCombination(allow, combination)) &&
    denies.every((deny) => !deny.ambiguity && missesCombination(deny, combination))
  );
}
