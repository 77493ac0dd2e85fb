import type { PolicyPrincipal, PolicyRequest, StatementRef } from "../model/grant.ts";
import { compileArn, type Pattern } from "../pattern/pattern.ts";
import { charge, type StepBudget } from "../support/budget.ts";
import { principalText } from "../syntax/canonical.ts";
import type { CompiledCondition } from "./condition.ts";
import {
  coversEntry,
  type Entry,
  listEntries,
  missesEntry,
  patternRelations,
  principalRelations,
} from "./entry.ts";
import { type CompiledStatement, everyAction } from "./statement.ts";

/** Conditions that hold together. */
export type ConditionList = readonly CompiledCondition[];

/** One action × one resource × one principal of a statement. */
export interface Combination {
  readonly action: Entry<Pattern>;
  readonly resource: Entry<Pattern> | undefined;
  readonly principal: Entry<PolicyPrincipal> | undefined;
  /** Besides those of its statement. */
  readonly conditions?: ConditionList;
  /** Left out of it: what meets all conditions of one of these. */
  readonly exceptConditions?: readonly ConditionList[];
  /** Perhaps less than all of it is left. */
  readonly partly?: true;
}

/** Actions that share their fate. */
export type ActionGroup = readonly [Entry<Pattern>, ...Entry<Pattern>[]];

/** A combination of which something is left when the other side is taken away, with a request that shows it. */
export interface Remainder {
  readonly from: CompiledStatement;
  readonly combination: Combination;
  /** Of which just as much is left as of the combination's own action, which is the first of them. */
  readonly actions: ActionGroup;
  readonly example: PolicyRequest;
}

const everyResource = compileArn("*", "*");
const everybody: PolicyPrincipal = { type: "AWS", id: "*" };

/** The entries of a statement's actions. */
export function listActions({ actions }: CompiledStatement): readonly Entry<Pattern>[] {
  return listEntries(actions, everyAction);
}

function listResources({ resources }: CompiledStatement): readonly (Entry<Pattern> | undefined)[] {
  return resources ? listEntries(resources, everyResource) : [undefined];
}

function listPrincipals({ principals }: CompiledStatement): readonly (Entry<PolicyPrincipal> | undefined)[] {
  return principals ? listEntries(principals, everybody) : [undefined];
}

/** The combinations of a statement for one of its actions; one by one: a hostile statement has more than memory holds. */
export function* listCombinations(
  statement: CompiledStatement,
  action: Entry<Pattern>,
): Generator<Combination> {
  const principals = listPrincipals(statement);
  for (const resource of listResources(statement)) {
    for (const principal of principals) yield { action, resource, principal };
  }
}

/** Whether one statement reaches all resources and principals of another; certain when true. @throws BudgetError */
export function coversResourcesAndPrincipals(
  wide: CompiledStatement,
  narrow: CompiledStatement,
  budget: StepBudget,
): boolean {
  const pay = (covers: boolean): boolean => {
    charge(budget);
    return covers;
  };
  return (
    listResources(narrow).every((entry) => pay(coversResource(wide, entry))) &&
    listPrincipals(narrow).every((entry) => pay(coversPrincipals(wide, entry)))
  );
}

function coversResource({ resources }: CompiledStatement, entry: Combination["resource"]): boolean {
  return resources === undefined || (entry !== undefined && coversEntry(resources, entry, patternRelations));
}

function coversPrincipals({ principals }: CompiledStatement, entry: Combination["principal"]): boolean {
  return (
    principals === undefined || (entry !== undefined && coversEntry(principals, entry, principalRelations))
  );
}

/** Whether a statement reaches all of a combination, its conditions aside; certain when true. */
export function coversCombination(
  statement: CompiledStatement,
  { action, resource, principal }: Combination,
): boolean {
  return (
    coversEntry(statement.actions, action, patternRelations) &&
    coversResource(statement, resource) &&
    coversPrincipals(statement, principal)
  );
}

/** Whether a statement reaches nothing of a combination; certain when true. */
export function missesCombination(
  { actions, resources, principals }: CompiledStatement,
  combination: Combination,
): boolean {
  return (
    missesEntry(actions, combination.action, patternRelations) ||
    (resources !== undefined &&
      combination.resource !== undefined &&
      missesEntry(resources, combination.resource, patternRelations)) ||
    (principals !== undefined &&
      combination.principal !== undefined &&
      missesEntry(principals, combination.principal, principalRelations))
  );
}

/** A combination as one text: equal texts mean equal combinations of one statement. */
export function makeCombinationKey({ action, resource, principal }: Combination): string {
  return JSON.stringify([
    action.selector.text,
    resource?.selector.text ?? null,
    principal ? principalText(principal.selector) : null,
  ]);
}

/** Where a statement stands, for people. */
export function makeStatementRef({ document, index, source: { sid } }: CompiledStatement): StatementRef {
  return { document, statement: index, ...(sid !== undefined && { sid }) };
}
