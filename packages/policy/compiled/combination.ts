import type { PolicyPrincipal, PolicyRequest, StatementRef } from "../model/grant.ts";
import { compileArn, type Pattern } from "../pattern/pattern.ts";
import { charge, type StepBudget } from "../support/step-budget.ts";
import { principalText } from "../syntax/canonical.ts";
import type { CompiledCondition } from "./condition.ts";
import {
  coversEntry,
  type Entry,
  listEntries,
  missesEntry,
  patternRelations,
  principalRelations,
} from "./negated-clause.ts";
import { type CompiledStatement, everyAction } from "./statement.ts";

/** Conditions that must all hold. */
export type ConditionList = readonly CompiledCondition[];

/** One action entry × one resource entry × one principal entry of a statement: the unit that is compared. */
export interface Combination {
  readonly action: Entry<Pattern>;
  /** Undefined in a trust policy. */
  readonly resource: Entry<Pattern> | undefined;
  /** Undefined in an identity policy. */
  readonly principal: Entry<PolicyPrincipal> | undefined;
  /** Conditions in addition to those of the statement. */
  readonly conditions?: ConditionList;
  /** Requests that meet all conditions of one of these lists are not part of the combination. */
  readonly exceptConditions?: readonly ConditionList[];
  /** The difference may be smaller than the combination. */
  readonly partly?: true;
}

/** Actions that every statement of both sides treats alike; never empty. */
export type ActionGroup = readonly [Entry<Pattern>, ...Entry<Pattern>[]];

/** A combination that the other side does not cover, with a request that shows it. */
export interface Remainder {
  /** The statement that the combination is of. */
  readonly from: CompiledStatement;
  readonly combination: Combination;
  /** The actions with the same difference; the first is the combination's own. */
  readonly actions: ActionGroup;
  /** A request that the left side allows and the right side does not. */
  readonly example: PolicyRequest;
}

const everyResource = compileArn("*", "*");
const everybody: PolicyPrincipal = { type: "AWS", id: "*" };

/** Returns the entries of a statement's Action or NotAction. */
export function listActions({ actions }: CompiledStatement): readonly Entry<Pattern>[] {
  return listEntries(actions, everyAction);
}

function listResources({ resources }: CompiledStatement): readonly (Entry<Pattern> | undefined)[] {
  return resources ? listEntries(resources, everyResource) : [undefined];
}

function listPrincipals({ principals }: CompiledStatement): readonly (Entry<PolicyPrincipal> | undefined)[] {
  return principals ? listEntries(principals, everybody) : [undefined];
}

/**
 * Yields the combinations of a statement for one of its actions. A generator, because a hostile statement has more
 * combinations than fit in memory.
 */
export function* listCombinations(
  statement: CompiledStatement,
  action: Entry<Pattern>,
): Generator<Combination> {
  const principals = listPrincipals(statement);
  for (const resource of listResources(statement)) {
    for (const principal of principals) yield { action, resource, principal };
  }
}

/**
 * Returns true only if `wide` matches every resource and principal that `narrow` matches; false can mean that it is not
 * known. Throws BudgetError.
 */
export function coversResourcesAndPrincipals(
  wide: CompiledStatement,
  narrow: CompiledStatement,
  budget: StepBudget,
): boolean {
  const chargeStep = (covers: boolean): boolean => {
    charge(budget);
    return covers;
  };
  return (
    listResources(narrow).every((entry) =>
      chargeStep(coversEntry(wide.resources, entry, patternRelations)),
    ) &&
    listPrincipals(narrow).every((entry) =>
      chargeStep(coversEntry(wide.principals, entry, principalRelations)),
    )
  );
}

/** Returns true only if a statement, without its conditions, matches every request of a combination. */
export function coversCombination(
  { actions, resources, principals }: CompiledStatement,
  { action, resource, principal }: Combination,
): boolean {
  return (
    coversEntry(actions, action, patternRelations) &&
    coversEntry(resources, resource, patternRelations) &&
    coversEntry(principals, principal, principalRelations)
  );
}

/** Returns true only if a statement matches no request of a combination. */
export function missesCombination(
  { actions, resources, principals }: CompiledStatement,
  { action, resource, principal }: Combination,
): boolean {
  return (
    missesEntry(actions, action, patternRelations) ||
    missesEntry(resources, resource, patternRelations) ||
    missesEntry(principals, principal, principalRelations)
  );
}

/** Returns a text that identifies a combination among those of its statement. */
export function makeCombinationKey({ action, resource, principal }: Combination): string {
  return JSON.stringify([
    action.selector.text,
    resource?.selector.text ?? null,
    principal ? principalText(principal.selector) : null,
  ]);
}

/** Returns where a statement stands in its side. */
export function makeStatementRef({ document, index, source: { sid } }: CompiledStatement): StatementRef {
  return { document, statement: index, ...(sid !== undefined && { sid }) };
}
