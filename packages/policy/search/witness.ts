import { type Combination, missesCombination } from "../compiled/combination.ts";
import type { KeyProfile } from "../compiled/key-profile.ts";
import type { CombinationVerdict, Question, SideStatements } from "../compiled/question.ts";
import { type CompiledStatement, makeCatchAll } from "../compiled/statement.ts";
import type { PolicyRequest } from "../model/grant.ts";
import { BudgetError, charge, type StepBudget } from "../support/step-budget.ts";
import { foldText } from "../syntax/tokens.ts";
import { type Assignment, listAssignments } from "./assignment.ts";
import {
  type Candidate,
  type ClauseGoal,
  listActionCandidates,
  listPrincipalCandidates,
  listResourceCandidates,
  makeAbsentCandidate,
} from "./candidates.ts";
import type { KeyValue } from "./key-choices.ts";
import type { SidedStatement } from "./sided-statement.ts";
import { type ConditionSolution, solveConditions } from "./solver.ts";
import { substituteInCombination, substituteInStatement } from "./substitution.ts";

/** The settings of a search for witnesses. */
export interface SearchSettings {
  readonly partition: string;
  readonly profile: KeyProfile;
  /** The steps that the search may take. */
  readonly budget: StepBudget;
}

/** A question without the Allow statements of the left side, which the search gets one by one. */
type WitnessQuestion = Pick<Question, "right"> & { readonly left: Pick<SideStatements, "denies"> };

/**
 * Returns a function that answers a question for one combination of a left Allow statement. It searches for a witness:
 * a request (action, resource, principal and context) of the combination that the left side allows and the right side
 * does not. When the budget is used up, the verdict is undecided.
 */
export function createWitnessSearch(
  { left, right }: WitnessQuestion,
  settings: SearchSettings,
): (combination: Combination, from: CompiledStatement) => CombinationVerdict {
  const others: readonly SidedStatement[] = [
    ...left.denies.map((statement) => ({ statement, list: "leftDenies" as const })),
    ...right.allows.map((statement) => ({ statement, list: "rightAllows" as const })),
    ...right.denies.map((statement) => ({ statement, list: "rightDenies" as const })),
  ];
  return (combination, from) => {
    if (from.ambiguity !== undefined) return conclude(describeAmbiguity(from));
    try {
      return decideCombination(combination, addConditions(from, combination), others, settings);
    } catch (error) {
      if (!(error instanceof BudgetError)) throw error;
      return { kind: "undecided", code: "budget", message: error.message };
    }
  };
}

function addConditions(statement: CompiledStatement, { conditions = [] }: Combination): CompiledStatement {
  if (conditions.length === 0) return statement;
  return {
    ...statement,
    conditions: [...statement.conditions, ...conditions],
    variables: [...statement.variables, ...makeCatchAll(conditions).variables],
  };
}

function decideCombination(
  combination: Combination,
  from: CompiledStatement,
  others: readonly SidedStatement[],
  settings: SearchSettings,
): CombinationVerdict {
  const { partition, profile, budget } = settings;
  const { action, principal, exceptConditions = [] } = combination;
  charge(budget, others.length >> 3);
  const near: readonly SidedStatement[] = [
    ...others.filter(({ statement }) => !missesCombination(statement, combination)),
    ...exceptConditions.map((conditions) => ({
      statement: makeCatchAll(conditions),
      list: "leftDenies" as const,
    })),
  ];
  const { list, complete } = listAssignments(combination, from, near, profile, budget);
  const actionGoals = listClauseGoals(near, (statement) => statement.actions);
  const actions = listActionCandidates(action, actionGoals, budget);
  const principalGoals = listClauseGoals(near, (statement) => statement.principals);
  const principals = principal
    ? listPrincipalCandidates(principal, principalGoals, partition, budget)
    : [makeAbsentCandidate(principalGoals)];
  let unclear = complete ? undefined : "Its policy variables have too many values to try.";
  for (const assignment of list) {
    const verdict = decideAssignment(combination, from, near, { actions, principals }, assignment, settings);
    if (verdict.kind === "uncovered") return verdict;
    if (verdict.kind === "undecided") unclear = verdict.message;
  }
  return conclude(unclear);
}

function isClear({ ambiguity }: CompiledStatement): boolean {
  return ambiguity === undefined;
}

function describeAmbiguity({ ambiguity }: CompiledStatement): string {
  return `A statement is unclear: ${ambiguity}.`;
}

/** Returns the verdict of a search that found no witness. `unclear` says why a witness may still exist. */
function conclude(unclear: string | undefined): CombinationVerdict {
  return unclear === undefined
    ? { kind: "covered" }
    : { kind: "undecided", code: "unsupported", message: unclear };
}

/** A Deny of the right side shows a difference by matching; the other statements show one by not matching. */
function listClauseGoals<Selector>(
  near: readonly SidedStatement[],
  pick: (statement: CompiledStatement) => ClauseGoal<Selector>["clause"],
): readonly ClauseGoal<Selector>[] {
  return near.map(({ statement, list }) => ({ clause: pick(statement), wanted: list === "rightDenies" }));
}

/** The candidates that do not depend on the values of policy variables. */
interface FixedCandidates {
  readonly actions: readonly Candidate<string>[];
  readonly principals: readonly Candidate<PolicyRequest["principal"]>[];
}

function decideAssignment(
  combination: Combination,
  from: CompiledStatement,
  near: readonly SidedStatement[],
  { actions, principals }: FixedCandidates,
  assignment: Assignment,
  settings: SearchSettings,
): CombinationVerdict {
  const { budget } = settings;
  charge(budget);
  const substituted = substituteInCombination(combination, assignment);
  if (!substituted) return { kind: "covered" };
  const substitute = (statement: CompiledStatement) =>
    assignment.size === 0 ? statement : substituteInStatement(statement, assignment);
  const left = substitute(from);
  const others = near.map(({ statement, list }) => ({ statement: substitute(statement), list }));
  const resourceGoals = listClauseGoals(others, (statement) => statement.resources);
  const resources = substituted.resource
    ? listResourceCandidates(substituted.resource, resourceGoals, budget)
    : [makeAbsentCandidate(resourceGoals)];
  const known = new Map<bigint, ConditionSolution>();
  let unclear: string | undefined;
  for (const principal of principals) {
    for (const action of actions) {
      for (const resource of resources) {
        charge(budget);
        const matched = principal.matched & action.matched & resource.matched;
        const solution = known.get(matched) ?? solveContext(left, others, matched, assignment, settings);
        known.set(matched, solution);
        if (solution.kind === "unclear") unclear = solution.message;
        if (solution.kind !== "solved") continue;
        return {
          kind: "uncovered",
          example: makeRequest(
            action.value,
            resource.value,
            principal.value,
            solution.context,
            combination.action.selector.written,
          ),
        };
      }
    }
  }
  return conclude(unclear);
}

/**
 * Searches for a context in which the left statement holds, no left Deny does, and either no right Allow holds or a
 * right Deny does. Of the other statements, only those whose bit is set in `matched` match the rest of the request.
 */
function solveContext(
  left: CompiledStatement,
  others: readonly SidedStatement[],
  matched: bigint,
  assignment: Assignment,
  { profile, budget }: SearchSettings,
): ConditionSolution {
  const pick = (list: SidedStatement["list"]) =>
    others.flatMap((other, index) =>
      other.list === list && (matched >> BigInt(index)) & 1n ? [other.statement] : [],
    );
  const leftDenies = pick("leftDenies");
  const goals = [
    { held: [left], failed: [...leftDenies, ...pick("rightAllows")] },
    ...pick("rightDenies").map((deny) => ({ held: [left, deny], failed: leftDenies })),
  ];
  let unclear: ConditionSolution | undefined;
  charge(budget, others.length >> 4);
  for (const { held, failed } of goals) {
    charge(budget, 1 + (failed.length >> 4));
    // Without ambiguous statements a goal is easier: if it is impossible, so is the full one, but a solution is not certain.
    const clearGoal = { held: held.filter(isClear), failed: failed.filter(isClear) };
    const solution = solveConditions(clearGoal, assignment, profile, budget);
    const ambiguous = [...held, ...failed].find((statement) => !isClear(statement));
    if (solution.kind === "impossible") continue;
    if (solution.kind === "unclear") unclear = solution;
    else if (!ambiguous) return solution;
    else unclear = { kind: "unclear", message: describeAmbiguity(ambiguous) };
  }
  return unclear ?? { kind: "impossible" };
}

function makeRequest(
  action: string,
  resource: string | undefined,
  principal: PolicyRequest["principal"],
  context: ReadonlyMap<string, KeyValue>,
  writtenAction: string,
): PolicyRequest {
  const values = [...context].flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const]));
  return {
    ...(principal && { principal }),
    action: foldText(writtenAction) === action ? writtenAction : action,
    ...(resource && { resource: resource === "*:*:*:*:*:*" ? "*" : resource }),
    context: Object.fromEntries(values),
  };
}
