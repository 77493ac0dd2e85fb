import { principalText } from "./canonical.ts";
import {
  coversEntry,
  type Entry,
  listEntries,
  missesEntry,
  patternRelations,
  principalRelations,
} from "./entry.ts";
import type { PolicyPrincipal, PolicyRequest, StatementRef } from "./grant.ts";
import { compileArn, compileText, type Pattern } from "./pattern.ts";
import type { CompiledStatement } from "./statement.ts";

/** A statement and the document of its side in which it stands, counted from 0. */
export interface PlacedStatement {
  readonly document: number;
  readonly statement: CompiledStatement;
}

/** One action × one resource × one principal of a statement. */
export interface Cell {
  readonly action: Entry<Pattern>;
  readonly resource: Entry<Pattern> | undefined;
  readonly principal: Entry<PolicyPrincipal> | undefined;
  /** More parts of it are named than were looked at: it may be told wider than what is left. */
  readonly partly?: true;
}

/** A cell of which something is left when the other side is taken away, with a request that shows it. */
export interface Residue {
  readonly from: PlacedStatement;
  readonly cell: Cell;
  readonly example: PolicyRequest;
}

/** Every action there is. */
export const everyAction = compileText("*", "*");
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

/** Whether one statement reaches all resources and principals of another; certain when true. */
export function coversPlace(wide: CompiledStatement, narrow: CompiledStatement): boolean {
  return (
    listResources(narrow).every((entry) => coversResource(wide, entry)) &&
    listPrincipals(narrow).every((entry) => coversPrincipals(wide, entry))
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
export function refer({ document, statement }: PlacedStatement): StatementRef {
  const { sid } = statement.source;
  return { document, statement: statement.index, ...(sid !== undefined && { sid }) };
}
