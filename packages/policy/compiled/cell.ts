import type { PolicyPrincipal, PolicyRequest, StatementRef } from "../model/grant.ts";
import { compileArn, type Pattern } from "../pattern/pattern.ts";
import { charge, type StepBudget } from "../support/budget.ts";
import { principalText } from "../syntax/canonical.ts";
import type { Atom } from "./condition.ts";
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
export type AtomList = readonly Atom[];

/** One action × one resource × one principal of a statement. */
export interface Cell {
  readonly action: Entry<Pattern>;
  readonly resource: Entry<Pattern> | undefined;
  readonly principal: Entry<PolicyPrincipal> | undefined;
  /** Besides those of its statement. */
  readonly conditions?: AtomList;
  /** Left out of it: what meets all conditions of one of these. */
  readonly exceptConditions?: readonly AtomList[];
  /** Perhaps less than all of it is left. */
  readonly partly?: true;
}

/** Actions that share their fate. */
export type ActionGroup = readonly [Entry<Pattern>, ...Entry<Pattern>[]];

/** A cell of which something is left when the other side is taken away, with a request that shows it. */
export interface Residue {
  readonly from: CompiledStatement;
  readonly cell: Cell;
  /** Of which just as much is left as of the cell's own action, which is the first of them. */
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

/** The cells of a statement for one of its actions; one by one: a hostile statement has more than memory holds. */
export function* listCells(statement: CompiledStatement, action: Entry<Pattern>): Generator<Cell> {
  const principals = listPrincipals(statement);
  for (const resource of listResources(statement)) {
    for (const principal of principals) yield { action, resource, principal };
  }
}

/** Whether one statement reaches all resources and principals of another; certain when true. @throws BudgetError */
export function coversPlace(wide: CompiledStatement, narrow: CompiledStatement, budget: StepBudget): boolean {
  const pay = (covers: boolean): boolean => {
    charge(budget);
    return covers;
  };
  return (
    listResources(narrow).every((entry) => pay(coversResource(wide, entry))) &&
    listPrincipals(narrow).every((entry) => pay(coversPrincipals(wide, entry)))
  );
}

function coversResource({ resources }: CompiledStatement, entry: Cell["resource"]): boolean {
  return resources === undefined || (entry !== undefined && coversEntry(resources, entry, patternRelations));
}

function coversPrincipals({ principals }: CompiledStatement, entry: Cell["principal"]): boolean {
  return (
    principals === undefined || (entry !== undefined && coversEntry(principals, entry, principalRelations))
  );
}

/** Whether a statement reaches all of a cell, its conditions aside; certain when true. */
export function coversCell(statement: CompiledStatement, { action, resource, principal }: Cell): boolean {
  return (
    coversEntry(statement.actions, action, patternRelations) &&
    coversResource(statement, resource) &&
    coversPrincipals(statement, principal)
  );
}

/** Whether a statement reaches nothing of a cell; certain when true. */
export function missesCell({ actions, resources, principals }: CompiledStatement, cell: Cell): boolean {
  return (
    missesEntry(actions, cell.action, patternRelations) ||
    (resources !== undefined &&
      cell.resource !== undefined &&
      missesEntry(resources, cell.resource, patternRelations)) ||
    (principals !== undefined &&
      cell.principal !== undefined &&
      missesEntry(principals, cell.principal, principalRelations))
  );
}

/** A cell as one text: equal texts mean equal cells of one statement. */
export function cellText({ action, resource, principal }: Cell): string {
  return JSON.stringify([
    action.selector.text,
    resource?.selector.text ?? null,
    principal ? principalText(principal.selector) : null,
  ]);
}

/** Where a statement stands, for people. */
export function refer({ document, index, source: { sid } }: CompiledStatement): StatementRef {
  return { document, statement: index, ...(sid !== undefined && { sid }) };
}
