import { type Combination, missesCombination } from "../compiled/combination.ts";
import type { KeyProfile } from "../compiled/key-profile.ts";
import type { CombinationVerdict, Question, SideStatements } from "../compiled/question.ts";
import { type CompiledStatement, makeCatchAll } from "../compiled/statement.ts";
import type { PolicyRequest } from "../model/grant.ts";
import { BudgetError, charge, type StepBudget } from "../support/step-budget.ts";
import { foldText } from "../syntax/tokens.ts";
import { listAssignments } from "./assignment.ts";
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
import { type Assignment, type ContextSearchResult, solveConditions } from "./solver.ts";
import { substituteInCombination, substituteInStatement } from "./substitution.ts";

/** What a search takes for granted, and may spend. */
export interface SearchSettings {
  readonly partition: string;
  readonly profile: KeyProfile;
  readonly budget: StepBudget;
}

/** A question whose left side's Allow statements are handed to the search one by one. */
type WitnessQuestion = Pick<Question, "right"> & { readonly left: Pick<SideStatements, "denies"> };

/**
 * Decides combinations by meaning: seeks an action, a resource, a principal and a context that the giving side gives and the
 * other side does not take away.
 */
export function createWitnessSearch(
  { left, right }: WitnessQuestion,
  settings: SearchSettings,
): (combination: Combination, from: CompiledStatement) => CombinationVerdict {
  const players = [
    ...left.denies.map((statement) => ({ statement, list: "leftDenies" as const })),
    ...right.allows.map((statement) => ({ statement, list: "rightAllows" as const })),
    ...right.denies.map((statement) => ({ statement, list: "rightDenies" as const })),
  ];
  return (combination, statement) => {
    if (!isClear(statement)) {
      return conclude(tellDoubt(statement.ambiguity));
    }
    try {
      return decideCombination(combination, addConditions(statement, combination), players, settings);
    } catch (error) {
      if (!(error instanceof BudgetError)) throw error;
      return {
        kind: "undecided",
        code: "budget",
        message: error.message,
      };
    }
  };
}

function addConditions(statement: CompiledStatement, { conditions = [] }: Combination): CompiledStatement {
  return conditions.length === 0
    ? statement
    : {
        ...statement,
        conditions: [...statement.conditions, ...conditions],
        variables: [...statement.variables, ...makeCatchAll(conditions).variables],
      };
}

function decideCombination(
  combination: Combination,
  from: CompiledStatement,
  players: readonly SidedStatement[],
  settings: SearchSettings,
): CombinationVerdict {
  const { partition, profile, budget } = settings;
  charge(budget, players.length >> 3);
  const near: readonly SidedStatement[] = [
    ...players.filter(({ statement }) => !missesCombination(statement, combination)),
    ...(combination.exceptConditions ?? []).map((conditions) => ({
      statement: makeCatchAll(conditions),
      list: "leftDenies" as const,
    })),
  ];
  const { list, complete } = listAssignments(combination, from, near, profile, budget);
  const actions = listActionCandidates(
    combination.action,
    bearOn(near, ({ actions }) => actions),
    budget,
  );
  const onPrincipals = bearOn(near, ({ principals }) => principals);
  const principals = combination.principal
    ? listPrincipalCandidates(combination.principal, onPrincipals, partition, budget)
    : [makeAbsentCandidate(onPrincipals)];
  let doubt: string | undefined = complete
    ? undefined
    : "Its policy variables can meet the other side's patterns in too many ways.";
  for (const assignment of list) {
    const verdict = decideAssignment(combination, from, near, { actions, principals }, assignment, settings);
    if (verdict.kind === "uncovered") return verdict;
    if (verdict.kind === "undecided") doubt = verdict.message;
  }
  return conclude(doubt);
}

function isClear({ ambiguity }: CompiledStatement): boolean {
  return ambiguity === undefined;
}

function tellDoubt(doubt: string | undefined): string {
  return `A statement is unclear: ${doubt}.`;
}

/** Nothing was found: the combination is covered, if there is no doubt. */
function conclude(doubt: string | undefined): CombinationVerdict {
  return doubt === undefined
    ? { kind: "covered" }
    : { kind: "undecided", code: "unsupported", message: doubt };
}

function bearOn<Selector>(
  players: readonly SidedStatement[],
  pick: (statement: CompiledStatement) => ClauseGoal<Selector>["clause"],
): readonly ClauseGoal<Selector>[] {
  return players.map(({ statement, list }) => ({ clause: pick(statement), wanted: list === "rightDenies" }));
}

/** What does not hang on the values of policy variables. */
interface FixedReach {
  readonly actions: readonly Candidate<string>[];
  readonly principals: readonly Candidate<PolicyRequest["principal"]>[];
}

function decideAssignment(
  combination: Combination,
  from: CompiledStatement,
  near: readonly SidedStatement[],
  { actions, principals }: FixedReach,
  assignment: Assignment,
  settings: SearchSettings,
): CombinationVerdict {
  const { budget } = settings;
  charge(budget);
  const filled = substituteInCombination(combination, assignment);
  if (filled === undefined) return { kind: "covered" };
  const giver = assignment.size === 0 ? from : substituteInStatement(from, assignment);
  const players = near.map((player) =>
    assignment.size === 0
      ? player
      : { ...player, statement: substituteInStatement(player.statement, assignment) },
  );
  const onResources = bearOn(players, ({ resources }) => resources);
  const resources = filled.resource
    ? listResourceCandidates(filled.resource, onResources, budget)
    : [makeAbsentCandidate(onResources)];
  const known = new Map<bigint, ContextSearchResult>();
  let doubt: string | undefined;
  for (const who of principals) {
    for (const what of actions) {
      for (const where of resources) {
        charge(budget);
        const live = who.matched & what.matched & where.matched;
        const answer = known.get(live) ?? seekContext(giver, players, live, assignment, settings);
        known.set(live, answer);
        if (answer.kind === "unclear") doubt = answer.message;
        if (answer.kind !== "reached") continue;
        return {
          kind: "uncovered",
          example: makeRequest(what.value, where.value, who.value, answer.context, combination),
        };
      }
    }
  }
  return conclude(doubt);
}

/** Seeks a context in which the giver gives, nothing holds it back, and nothing takes it or something spares it. */
function seekContext(
  giver: CompiledStatement,
  players: readonly SidedStatement[],
  live: bigint,
  assignment: Assignment,
  { profile, budget }: SearchSettings,
): ContextSearchResult {
  const pick = (list: SidedStatement["list"]) =>
    players.flatMap((player, index) =>
      player.list === list && (live >> BigInt(index)) & 1n ? [player.statement] : [],
    );
  const leftDenies = pick("leftDenies");
  const goals = [
    { held: [giver], failed: [...leftDenies, ...pick("rightAllows")] },
    ...pick("rightDenies").map((deny) => ({ held: [giver, deny], failed: leftDenies })),
  ];
  let unclear: ContextSearchResult | undefined;
  charge(budget, players.length >> 4);
  for (const { held, failed } of goals) {
    charge(budget, 1 + (failed.length >> 4));
    // An unclear statement is left out, which can only show too much: then it was not certain.
    const clear = { held: held.filter(isClear), failed: failed.filter(isClear) };
    const answer = solveConditions(clear, assignment, profile, budget);
    const doubt = [...held, ...failed].find((statement) => !isClear(statement))?.ambiguity;
    if (answer.kind === "reached" && doubt === undefined) return answer;
    if (answer.kind === "reached") unclear = { kind: "unclear", message: tellDoubt(doubt) };
    if (answer.kind === "unclear") unclear = answer;
  }
  return unclear ?? { kind: "impossible" };
}

function makeRequest(
  action: string,
  resource: string | undefined,
  principal: PolicyRequest["principal"],
  context: ReadonlyMap<string, KeyValue>,
  combination: Combination,
): PolicyRequest {
  const { written } = combination.action.selector;
  const values = [...context].flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const]));
  return {
    ...(principal && { principal }),
    action: foldText(written) === action ? written : action,
    ...(resource !== undefined && { resource: resource === "*:*:*:*:*:*" ? "*" : resource }),
    context: Object.fromEntries(values),
  };
}
